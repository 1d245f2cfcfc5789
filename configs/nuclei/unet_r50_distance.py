# A second decoder learns how deep each pixel lies in its nucleus.
_base_ = './unet_r50_border.py'
train_pipeline = _base_.train_pipeline
train_pipeline.insert(-1, dict(type='GenerateDistanceMap'))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(
    map_heads=dict(distance=dict(type='SMPDecodeHead', arch='Unet')),
    test_cfg=dict(instances=dict(type='SeedDecoder')),
)
