# Nuclei of CodaLab or DSB2018 as their owners publish them, at full size; all
# nuclei of an image together. Training sees crops, a test the whole image.
_base_ = './_loaders.py'
data = dict(type='NucleiDataset', data_root='data/nuclei')
train_pipeline = [
    dict(type='ChooseRandomRegion', crop_size=(512, 512)),
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='StainJitter', gain=0.2, shift=0.03, prob=0.5),
    dict(type='ApplySymmetry'),
    dict(
        type='JitterColours',
        brightness=0.2,
        contrast=0.2,
        gamma=(0.7, 1.4),
        saturation=0.2,
        hue=10,
        prob=0.8,
    ),
    dict(type='PackMedicalInputs'),
]
train_dataloader = dict(dataset=dict(**data, pipeline=train_pipeline))
val_dataloader = dict(dataset=data)
test_dataloader = val_dataloader
