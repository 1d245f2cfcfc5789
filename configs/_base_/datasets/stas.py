# AI CUP 2022 STAS as its owner publishes it, at full size: the surroundings of
# a tumour cell say what it is. Training sees crops, a test the whole image.
_base_ = './_loaders.py'
data = dict(type='STASDataset', data_root='data/stas')
train_pipeline = [
    dict(type='ChooseRandomRegion', crop_size=(800, 800), foreground=0.7),
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='StainJitter', gain=0.15, shift=0.02, prob=0.5),
    dict(type='ApplySymmetry'),
    dict(type='JitterColours', brightness=0.1, contrast=0.1, prob=0.3),
    dict(type='PackMedicalInputs'),
]
train_dataloader = dict(dataset=dict(**data, pipeline=train_pipeline))
val_dataloader = dict(dataset=data)
test_dataloader = val_dataloader
val_evaluator = dict(type='OverlapMetric', official=('stas', 'stas_pooled'))
test_evaluator = val_evaluator
