# CoaT-Lite Medium (Xu et al., ICCV 2021) of timm under a U-Net with ASPP and
# FPN; the second place of HuBMAP 2022 gave CoaT three votes of six.
_base_ = '../heads/unet.py'
model = dict(
    backbone=dict(
        type='CoaTBackbone',
        model_name='coat_lite_medium',
        pretrained=True,
        drop_path_rate=0.1,
    ),
)
