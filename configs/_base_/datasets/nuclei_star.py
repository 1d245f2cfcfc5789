# Star-convex polygons, of StarDist, with its loss.
_base_ = './nuclei_instances.py'
train_pipeline = _base_.train_pipeline
train_pipeline.insert(-1, dict(type='GenerateStarMap'))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# For the model: the head of the map, and what finds nuclei in it.
map_head = dict(
    type='SMPDecodeHead',
    arch='Unet',
    num_classes=33,
    loss_decode=dict(type='StarLoss'),
)
decoder = dict(type='StarDecoder')
