# STAS in crops of 900 x 1280 pixels (height x width), anywhere.
_base_ = './stas.py'
train_pipeline = _base_.train_pipeline
train_pipeline[0].update(crop_size=(900, 1280), foreground=0)
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
