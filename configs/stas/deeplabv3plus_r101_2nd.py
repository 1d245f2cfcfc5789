# The private second place: full size, one network, eight views, threshold .35.
_base_ = [
    '../_base_/models/deeplabv3plus_smp.py',
    '../_base_/datasets/stas_900.py',
    '../_base_/schedules/sgd_40k.py',
    '../_base_/default_runtime.py',
]
weights = dict(SoftDiceLoss=0.6, PixelFocalLoss=0.4)
losses = [dict(type=k, loss_weight=v) for k, v in weights.items()]
model = dict(
    backbone=dict(encoder_name='resnet101'),
    decode_head=dict(loss_decode=losses),
    test_cfg=dict(mask_thr=0.35),
)
