# U-Net (Ronneberger et al., MICCAI 2015) over any backbone, with ASPP below.
_base_ = '../segmentor.py'
model = dict(
    decode_head=dict(
        type='UNetFPNHead',
        in_index=[-4, -3, -2, -1],
        decoder_channels=[256, 128, 64],
        norm_cfg=dict(type='GN', num_groups=8),
    ),
)
