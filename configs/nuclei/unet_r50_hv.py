_base_ = [
    '../_base_/models/unet_smp.py',
    '../_base_/datasets/nuclei_hv.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='CELoss'), dict(type='SoftDiceLoss')]
model = dict(
    backbone=dict(encoder_name='resnet50'),
    decode_head=dict(loss_decode=losses),
    map_heads=dict(hv=_base_.map_head),
    test_cfg=dict(instances=_base_.decoder),
)
train_dataloader = dict(batch_size=16)
