# What the loaders of all data sets share: one sample in five validates, and a
# test sees the whole image.
test_pipeline = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion', required=False),
    dict(type='PackMedicalInputs'),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(fold=0, part='train'),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(fold=0, part='val', test_mode=True, pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='OverlapMetric')
test_evaluator = val_evaluator
