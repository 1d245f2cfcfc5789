_base_ = [
    '../_base_/models/unet_r18.py',
    '../_base_/datasets/uw_madison_256.py',
    '../_base_/schedules/schedule_small.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss')]
model = dict(
    task='multilabel',
    data_preprocessor=dict(mean=[0] * 3, std=[255] * 3, bgr_to_rgb=False),
    decode_head=dict(num_classes=3, loss_decode=losses),
)
tta_model = dict(views='hflip')
