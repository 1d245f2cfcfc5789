# Lungs in chest X-rays: any folder of images and masks of 0 and 255, gray. A
# short training has no time for strong augmentation.
_base_ = './_loaders.py'
data = dict(
    type='FolderDataset',
    data_root='data/lungs',
    metainfo=dict(classes=('background', 'lung')),
)
data['data_prefix'] = dict(img_path='images', seg_map_path='masks_lung')
mask = dict(type='LoadMaskRegion', values={255: 1})
resize = dict(type='Resize', scale=(256, 256), interpolation='area')
train_pipeline = [
    dict(type='ChooseRandomRegion', scale=(0.7, 1.0), prob=0.3),
    dict(type='LoadImageRegion', channels=1),
    mask,
    resize,
    dict(type='ApplyCLAHE', prob=0.4),
    dict(
        type='ApplyAlbumentations',
        transforms=[
            dict(type='HorizontalFlip'),
            dict(type='RandomBrightnessContrast', p=0.5),
        ],
    ),
    dict(type='PackMedicalInputs'),
]
test_pipeline = [
    dict(type='LoadImageRegion', channels=1),
    resize,
    dict(mask, required=False),
    dict(type='PackMedicalInputs'),
]
train_dataloader = dict(
    batch_size=4, dataset=dict(**data, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(**data, pipeline=test_pipeline))
test_dataloader = val_dataloader
