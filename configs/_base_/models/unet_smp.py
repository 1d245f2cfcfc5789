# U-Net of segmentation-models-pytorch; any of its architectures and encoders.
_base_ = '../segmentor.py'
encoder = 'resnet34'
model = dict(
    backbone=dict(
        type='SMPEncoder', encoder_name=encoder, encoder_weights='imagenet'
    ),
    decode_head=dict(type='SMPDecodeHead', arch='Unet', encoder_name=encoder),
)
