# SIIM-ACR pneumothorax as its owner publishes it, one channel at full size;
# images with and without a pneumothorax are even over the folds.
_base_ = './_loaders.py'
data = dict(type='SIIMDataset', data_root='data/siim_acr')
scale = (1024, 1024)
train_pipeline = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='Resize', scale=scale, interpolation='area'),
    dict(type='ApplyCLAHE', prob=0.4),
    dict(
        type='ApplyAlbumentations',
        transforms=[
            dict(type='HorizontalFlip'),
            dict(
                type='OneOf',
                transforms=[
                    dict(type='RandomGamma'),
                    dict(type='RandomBrightnessContrast'),
                ],
                p=0.3,
            ),
            dict(
                type='OneOf',
                transforms=[
                    dict(type='ElasticTransform', alpha=120, sigma=6),
                    dict(type='GridDistortion'),
                    dict(type='OpticalDistortion', distort_limit=0.5),
                ],
                p=0.3,
            ),
            dict(
                type='Affine',
                scale=(0.9, 1.1),
                translate_percent=0.06,
                rotate=(-45, 45),
            ),
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
val_evaluator = dict(type='OverlapMetric', official='siim')
test_evaluator = val_evaluator
