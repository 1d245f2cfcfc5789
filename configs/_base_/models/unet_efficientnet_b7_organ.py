# U-Net EfficientNet-B7 that learns organ and pixel size as well, as in the
# second place of HuBMAP + HPA 2022.
_base_ = './unet_smp.py'
organs = ['kidney', 'largeintestine', 'lung', 'prostate', 'spleen']
organ = dict(type='CategoryHead', key='organ', categories=organs)
pixel_size = dict(type='QuantityHead', key='pixel_size')
model = dict(
    backbone=dict(
        encoder_name='timm-efficientnet-b7', encoder_weights='noisy-student'
    ),
    image_heads=dict(
        organ=dict(loss_weight=0.1, **organ),
        pixel_size=dict(loss_weight=0.1, **pixel_size),
    ),
)
