# Semantic FPN (Kirillov et al., CVPR 2019).
_base_ = '../segmentor.py'
model = dict(
    neck=dict(type='FPN', out_channels=256, num_outs=4),
    decode_head=dict(
        type='FPNHead',
        in_index=[-4, -3, -2, -1],
        channels=128,
        norm_cfg=dict(type='GN', num_groups=32),
    ),
)
