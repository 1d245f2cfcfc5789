_base_ = [
    '../_base_/models/unet_r18.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/schedule_small.py',
    '../_base_/default_runtime.py',
]
train_pipeline = _base_.train_pipeline
train_pipeline[0].update(scale=(0.4, 0.7), prob=1.0)
train_pipeline[3].scale = (256, 256)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (512, 512)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
