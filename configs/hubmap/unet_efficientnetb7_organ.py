_base_ = [
    '../_base_/models/unet_efficientnet_b7_organ.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/cosine_40k.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='SoftDiceLoss'), dict(type='BCELoss', loss_weight=0.5)]
model = dict(decode_head=dict(out_channels=1, loss_decode=losses))
adan = dict(type='Adan', lr=1e-4, weight_decay=0.02)
optim_wrapper = dict(optimizer=dict(_delete_=True, **adan))
tta_model = dict(views='flips')
