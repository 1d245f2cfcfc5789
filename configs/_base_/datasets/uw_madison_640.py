# UW-Madison as the first place trained: 640², in crops of 448², the slices
# that have a mask.
_base_ = './uw_madison.py'
scale = (640, 640)
train_pipeline = _base_.train_pipeline
train_pipeline[3].scale = scale
test_pipeline = _base_.test_pipeline
test_pipeline[2].scale = scale
train_dataloader = dict(
    sampler=dict(_delete_=True, type='PositiveRatioSampler', ratio=1.0),
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
