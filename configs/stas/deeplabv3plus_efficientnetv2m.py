# One of three networks whose votes were the 14th place of the competition.
_base_ = [
    '../_base_/models/deeplabv3plus_smp.py',
    '../_base_/datasets/stas_800.py',
    '../_base_/schedules/cosine_40k.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='SoftDiceLoss')]
model = dict(
    backbone=dict(encoder_name='tu-tf_efficientnetv2_m'),
    decode_head=dict(out_channels=1, loss_decode=losses),
)
adabelief = dict(type='AdaBelief', lr=1e-4, weight_decay=0.0)
optim_wrapper = dict(optimizer=dict(_delete_=True, **adabelief))
