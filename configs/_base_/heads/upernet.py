# UPerNet (Xiao et al., ECCV 2018).
_base_ = '../segmentor.py'
model = dict(
    decode_head=dict(
        type='UPerHead',
        in_index=[-4, -3, -2, -1],
        channels=512,
        norm_cfg=dict(type='GN', num_groups=32),
    ),
)
