# DeepLabV3+ (Chen et al., ECCV 2018) of segmentation-models-pytorch.
_base_ = '../segmentor.py'
encoder = 'resnet50'
model = dict(
    backbone=dict(
        type='SMPEncoder',
        encoder_name=encoder,
        encoder_weights='imagenet',
        encoder_output_stride=16,
    ),
    decode_head=dict(
        type='SMPDecodeHead', arch='DeepLabV3Plus', encoder_name=encoder
    ),
)
