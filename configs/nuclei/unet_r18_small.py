_base_ = [
    '../_base_/models/unet_r18.py',
    '../_base_/datasets/nuclei.py',
    '../_base_/schedules/schedule_small.py',
    '../_base_/default_runtime.py',
]
train_pipeline = _base_.train_pipeline
train_pipeline[0].crop_size = (256, 256)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
losses = [dict(type='CELoss'), dict(type='SoftDiceLoss')]
model = dict(decode_head=dict(loss_decode=losses))
