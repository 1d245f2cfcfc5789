# EfficientNet-B4 (Tan & Le, ICML 2019) of timm under a U-Net with ASPP and
# FPN, as in the HuBMAP competitions: with the map of stride 2.
_base_ = ['../heads/unet.py', '../backbones/efficientnet_b4.py']
model = dict(
    backbone=_base_.backbone,
    decode_head=dict(
        in_index=[0, 1, 2, 3, 4], decoder_channels=[256, 128, 64, 32]
    ),
)
