# U-Net ResNet-18 from random weights: what trains in minutes on a CPU.
_base_ = './unet_smp.py'
encoder = 'resnet18'
model = dict(
    channels_last=True,
    backbone=dict(encoder_name=encoder, encoder_weights=None),
    decode_head=dict(encoder_name=encoder),
)
