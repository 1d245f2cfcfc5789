# U-Net of segmentation-models-pytorch; any of its architectures and encoders.
_base_ = '../segmentor.py'
model = dict(
    backbone=dict(
        type='SMPEncoder', encoder_name='resnet34', encoder_weights='imagenet'
    ),
    decode_head=dict(type='SMPDecodeHead', arch='Unet'),
)
