_base_ = [
    '../_base_/models/deeplabv3plus_smp.py',
    '../_base_/datasets/stas.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
losses = [
    dict(type='SoftDiceLoss', loss_weight=0.6),
    dict(type='PixelFocalLoss', loss_weight=0.4),
]
model = dict(decode_head=dict(loss_decode=losses))
