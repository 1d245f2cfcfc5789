# UPerNet (Xiao et al., ECCV 2018) over ConvNeXt-T (Liu et al., CVPR 2022) of
# MMPretrain; all of its backbones are there by the name  mmpretrain.….
_base_ = '../segmentor.py'
model = dict(
    backbone=dict(
        type='mmpretrain.ConvNeXt',
        arch='tiny',
        out_indices=[0, 1, 2, 3],
        drop_path_rate=0.4,
        layer_scale_init_value=1.0,
        gap_before_final_norm=False,
    ),
    decode_head=dict(
        type='UPerHead',
        in_channels=[96, 192, 384, 768],
        in_index=[0, 1, 2, 3],
        channels=512,
        norm_cfg=dict(type='GN', num_groups=32),
    ),
)
