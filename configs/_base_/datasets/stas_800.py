# STAS as the source system saw it: every image squeezed to 800 x 800 pixels,
# turned by quarters.
_base_ = './stas.py'
resize = dict(type='Resize', scale=(800, 800))
train_pipeline = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    resize,
    dict(type='ApplySymmetry'),
    dict(type='PackMedicalInputs'),
]
test_pipeline = [
    dict(type='LoadImageRegion'),
    resize,
    dict(type='LoadMaskRegion', required=False),
    dict(type='PackMedicalInputs'),
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
