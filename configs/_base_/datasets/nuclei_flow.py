# Directions to the centre of the nucleus, of Cellpose; its loss is that of
# directions of length 5, halved.
_base_ = './nuclei_instances.py'
train_pipeline = _base_.train_pipeline
train_pipeline.insert(-1, dict(type='GenerateFlowMap'))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# For the model: the head of the map, and what finds nuclei in it.
map_head = dict(
    type='SMPDecodeHead',
    arch='Unet',
    num_classes=2,
    loss_decode=dict(type='MapLoss', kind='l2', loss_weight=12.5),
)
decoder = dict(type='FlowDecoder')
