# UW-Madison at 288², in crops of 256².
_base_ = './uw_madison.py'
scale = (288, 288)
train_pipeline = _base_.train_pipeline
train_pipeline[3].scale = scale
train_pipeline[4].crop_size = (256, 256)
test_pipeline = _base_.test_pipeline
test_pipeline[2].scale = scale
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
