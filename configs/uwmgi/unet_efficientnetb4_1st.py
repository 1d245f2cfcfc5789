_base_ = [
    '../_base_/models/unet_uw_madison.py',
    '../_base_/datasets/uw_madison_640.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss', loss_weight=3.0)]
model = dict(
    backbone=dict(encoder_name='efficientnet-b4'),
    decode_head=dict(loss_decode=losses),
)
optim_wrapper = dict(optimizer=dict(lr=3e-4, weight_decay=0.05))
default_hooks = dict(checkpoint=dict(save_best='uw_madison_score'))
tta_model = dict(views='hflip')
