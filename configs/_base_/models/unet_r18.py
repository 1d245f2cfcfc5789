# U-Net ResNet-18 from random weights: what trains in minutes on a CPU.
_base_ = './unet_smp.py'
model = dict(
    channels_last=True,
    backbone=dict(encoder_name='resnet18', encoder_weights=None),
)
