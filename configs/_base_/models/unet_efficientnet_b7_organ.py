# U-Net EfficientNet-B7 that learns organ and pixel size as well, as in the
# second place of HuBMAP + HPA 2022.
_base_ = './unet_smp.py'
encoder = 'timm-efficientnet-b7'
organs = ['kidney', 'largeintestine', 'lung', 'prostate', 'spleen']
head = dict(in_channels=640, loss_weight=0.1)
model = dict(
    backbone=dict(encoder_name=encoder, encoder_weights='noisy-student'),
    decode_head=dict(encoder_name=encoder),
    image_heads=dict(
        organ=dict(
            type='CategoryHead', key='organ', categories=organs, **head
        ),
        pixel_size=dict(type='QuantityHead', key='pixel_size', **head),
    ),
)
