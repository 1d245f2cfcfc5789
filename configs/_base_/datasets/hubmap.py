# HuBMAP + HPA 2022 as its owner publishes it; one image in five validates.
_base_ = './_loaders.py'
data = dict(type='HuBMAPDataset', data_root='data/hubmap')
scale = (1024, 1024)
train_pipeline = [
    dict(
        type='ChooseRandomRegion', scale=(0.3, 1.0), prob=0.7, foreground=0.5
    ),
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='Resize', scale=scale, interpolation='area'),
    dict(type='StainJitter', gain=0.15, shift=0.02, prob=0.5),
    dict(
        type='ApplyAlbumentations',
        transforms=[
            dict(type='D4', p=1.0),
            dict(
                type='HueSaturationValue',
                hue_shift_limit=20,
                sat_shift_limit=30,
                val_shift_limit=20,
            ),
            dict(type='RandomGamma', gamma_limit=(50, 200)),
            dict(type='RandomBrightnessContrast', p=0.3),
        ],
    ),
    dict(type='PackMedicalInputs'),
]
test_pipeline = [
    dict(type='LoadImageRegion'),
    dict(type='Resize', scale=scale, interpolation='area'),
    dict(type='LoadMaskRegion', required=False),
    dict(type='PackMedicalInputs'),
]
train_dataloader = dict(dataset=dict(**data, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**data, pipeline=test_pipeline))
test_dataloader = val_dataloader
