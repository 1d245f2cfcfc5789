# DeepLabV3+ (Chen et al., ECCV 2018) of segmentation-models-pytorch.
_base_ = '../segmentor.py'
model = dict(
    backbone=dict(
        type='SMPEncoder',
        encoder_name='resnet50',
        encoder_weights='imagenet',
        encoder_output_stride=16,
    ),
    decode_head=dict(type='SMPDecodeHead', arch='DeepLabV3Plus'),
)
