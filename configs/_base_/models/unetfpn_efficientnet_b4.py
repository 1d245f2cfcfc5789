# EfficientNet-B4 (Tan & Le, ICML 2019) of timm under a U-Net with ASPP and
# FPN, as in the HuBMAP competitions; all networks of timm by their name.
_base_ = '../segmentor.py'
model = dict(
    backbone=dict(
        type='TIMMEncoder', model_name='tf_efficientnet_b4', pretrained=True
    ),
    decode_head=dict(
        type='UNetFPNHead',
        in_channels=[24, 32, 56, 160, 448],
        in_index=[0, 1, 2, 3, 4],
        decoder_channels=[256, 128, 64, 32],
        norm_cfg=dict(type='GN', num_groups=8),
    ),
)
