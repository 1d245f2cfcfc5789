_base_ = [
    '../_base_/models/unet_r18.py',
    '../_base_/datasets/nuclei_border.py',
    '../_base_/schedules/schedule_small.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='CELoss'), dict(type='SoftDiceLoss')]
model = dict(
    task='multiclass',
    decode_head=dict(num_classes=3, loss_decode=losses),
    test_cfg=dict(instances=dict(type='SeedDecoder', source='border')),
)
train_dataloader = dict(batch_size=4)
