# Places in the nucleus, of HoVer-Net, with its losses.
_base_ = './nuclei_instances.py'
train_pipeline = _base_.train_pipeline
train_pipeline.insert(-1, dict(type='GenerateHVMap'))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# For the model: the head of the map, and what finds nuclei in it.
map_head = dict(
    type='SMPDecodeHead',
    arch='Unet',
    num_classes=2,
    loss_decode=[
        dict(type='MapLoss', kind='l2'),
        dict(type='HVGradientLoss', loss_weight=2.0),
    ],
)
decoder = dict(type='HVDecoder')
