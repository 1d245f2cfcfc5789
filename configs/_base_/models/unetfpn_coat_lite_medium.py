# CoaT-Lite Medium (Xu et al., ICCV 2021) of timm under a U-Net with ASPP and
# FPN; the second place of HuBMAP 2022 gave CoaT three votes of six.
_base_ = '../segmentor.py'
model = dict(
    backbone=dict(
        type='CoaTBackbone',
        model_name='coat_lite_medium',
        pretrained=True,
        drop_path_rate=0.1,
    ),
    decode_head=dict(
        type='UNetFPNHead',
        in_channels=[128, 256, 320, 512],
        in_index=[0, 1, 2, 3],
        decoder_channels=[256, 128, 64],
        norm_cfg=dict(type='GN', num_groups=8),
    ),
)
