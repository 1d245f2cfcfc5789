# Nuclei one by one, in crops of 256²: the mask of all of them, and ids, from
# which a leaf makes further targets.
_base_ = './nuclei.py'
objects = dict(type='LoadInstancesRegion')
mask = dict(type='GenerateBorderMap', layers=['object'])
train_pipeline = _base_.train_pipeline
train_pipeline[0].crop_size = (256, 256)
train_pipeline[2] = objects
train_pipeline.insert(-1, mask)
test_pipeline = [
    dict(type='LoadImageRegion'),
    dict(required=False, **objects),
    dict(required=False, **mask),
    dict(type='PackMedicalInputs', instances=True),
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='OverlapMetric'), dict(type='InstanceMetric')]
test_evaluator = val_evaluator
