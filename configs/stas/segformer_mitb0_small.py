_base_ = [
    '../_base_/models/segformer_mit_b0.py',
    '../_base_/datasets/stas.py',
    '../_base_/schedules/schedule_small.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(init_cfg=None))
train_pipeline = _base_.train_pipeline
train_pipeline[0].crop_size = (256, 256)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
