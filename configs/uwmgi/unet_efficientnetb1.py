_base_ = [
    '../_base_/models/unet_uw_madison.py',
    '../_base_/datasets/uw_madison.py',
    '../_base_/schedules/cosine_40k.py',
    '../_base_/default_runtime.py',
]
weights = dict(BCELoss=0.5, SoftTverskyLoss=0.5)
losses = [dict(type=k, loss_weight=v) for k, v in weights.items()]
model = dict(
    backbone=dict(encoder_name='efficientnet-b1'),
    decode_head=dict(loss_decode=losses),
)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=2e-3, weight_decay=0))
default_hooks = dict(checkpoint=dict(save_best='uw_madison_score'))
tta_model = dict(views='hflip')
