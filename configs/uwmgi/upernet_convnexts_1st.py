_base_ = [
    '../_base_/models/upernet_convnext_t.py',
    '../_base_/datasets/uw_madison_640.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
checkpoint = 'https://mmassets.onedl.ai/mmclassification/v0/convnext/downstream/convnext-small_3rdparty_32xb128-noema_in1k_20220301-303e75e3.pth'
model = dict(
    task='multilabel',
    data_preprocessor=dict(mean=[0] * 3, std=[255] * 3, bgr_to_rgb=False),
    backbone=dict(arch='small', init_cfg=dict(checkpoint=checkpoint)),
    decode_head=dict(num_classes=3, loss_decode=[dict(type='BCELoss')]),
)
default_hooks = dict(checkpoint=dict(save_best='uw_madison_score'))
tta_model = dict(views='hflip')
