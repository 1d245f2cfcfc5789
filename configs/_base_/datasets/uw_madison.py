# UW-Madison GI tract as its owner publishes it: classes that overlap, and each
# slice of 16 bits with its neighbours, as many channels as  stack  has slices.
# Cases stay on one side of a fold; days that the host took back are left out.
_base_ = './_loaders.py'
data = dict(
    type='UWMadisonDataset',
    data_root='data/uw_madison',
    stack=dict(num=3, stride=2),
    blacklist=True,
)
scale = (512, 512)
train_pipeline = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='MapIntensity', method='max'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='RandomCrop', crop_size=(448, 448)),
    dict(
        type='ApplyAlbumentations',
        transforms=[
            dict(type='HorizontalFlip'),
            dict(
                type='Affine',
                scale=(0.9, 1.1),
                translate_percent=0.05,
                rotate=(-15, 15),
            ),
            dict(
                type='OneOf',
                transforms=[
                    dict(type='GridDistortion', distort_limit=0.1),
                    dict(type='ElasticTransform', sigma=8, alpha=40),
                ],
                p=0.3,
            ),
            dict(type='RandomBrightnessContrast', p=0.3),
        ],
    ),
    dict(type='PackMedicalInputs'),
]
test_pipeline = [
    dict(type='LoadImageRegion'),
    dict(type='MapIntensity', method='max'),
    dict(type='Resize', scale=scale, keep_ratio=True),
    dict(type='LoadMaskRegion', required=False),
    dict(type='PackMedicalInputs'),
]
train_dataloader = dict(
    batch_size=16, dataset=dict(**data, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(**data, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='OverlapMetric'), dict(type='UWMadisonMetric')]
test_evaluator = val_evaluator
