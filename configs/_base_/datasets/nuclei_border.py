# Nuclei, and the lines between those that touch as a class of their own, in
# crops of 256², as in the first place of DSB2018.
_base_ = './nuclei.py'
metainfo = dict(
    classes=('background', 'nucleus', 'border'),
    palette=[[0, 0, 0], [230, 159, 0], [0, 114, 178]],
)
objects = dict(type='LoadInstancesRegion')
border = dict(type='GenerateBorderMap', layers=['object', 'touching'])
train_pipeline = _base_.train_pipeline
train_pipeline[0].crop_size = (256, 256)
train_pipeline[2] = objects
train_pipeline.insert(-1, border)
test_pipeline = [
    dict(type='LoadImageRegion'),
    dict(required=False, **objects),
    dict(required=False, **border),
    dict(type='PackMedicalInputs', instances=True),
]
train_dataloader = dict(
    batch_size=16, dataset=dict(metainfo=metainfo, pipeline=train_pipeline)
)
val_dataloader = dict(dataset=dict(metainfo=metainfo, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = [dict(type='OverlapMetric'), dict(type='InstanceMetric')]
test_evaluator = val_evaluator
