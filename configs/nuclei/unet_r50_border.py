# 0.6 CE + 0.2 Dice of the nuclei + 0.2 Dice of the borders, as published.
_base_ = [
    '../_base_/models/unet_smp.py',
    '../_base_/datasets/nuclei_border.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
weights = dict(CELoss=0.6, SoftDiceLoss=0.4)
losses = [dict(type=k, loss_weight=v) for k, v in weights.items()]
model = dict(
    task='multiclass',
    backbone=dict(encoder_name='resnet50'),
    decode_head=dict(num_classes=3, loss_decode=losses),
    test_cfg=dict(instances=dict(type='SeedDecoder', source='border')),
)
