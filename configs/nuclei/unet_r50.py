_base_ = [
    '../_base_/models/unet_smp.py',
    '../_base_/datasets/nuclei.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
encoder = 'resnet50'
losses = [dict(type='CELoss'), dict(type='SoftDiceLoss')]
model = dict(
    backbone=dict(encoder_name=encoder),
    decode_head=dict(encoder_name=encoder, loss_decode=losses),
)
