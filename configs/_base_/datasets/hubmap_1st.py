# HuBMAP + HPA 2022 as the first place trained: 960², stretched shapes, and
# prostate blurred as its private images are (6.26 µm against 0.4 µm).
_base_ = './hubmap.py'
scale = (960, 960)
blur = dict(type='Downscale', scale_range=(0.08, 0.4), p=0.9)
blurred = [dict(type='ApplyAlbumentations', transforms=[blur])]
train_pipeline = _base_.train_pipeline
train_pipeline[0].update(scale=(0.05, 0.95), ratio=(0.5, 2.0))
train_pipeline[3].scale = scale
train_pipeline.insert(
    4,
    dict(
        type='ChooseBy',
        key='organ',
        transforms=dict(prostate=blurred),
        default=[],
    ),
)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = scale
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
