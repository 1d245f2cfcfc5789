# SegFormer (Xie et al., NeurIPS 2021) with group norm: no batch statistics.
_base_ = '../segmentor.py'
model = dict(
    backbone=dict(
        type='FusedMixVisionTransformer',
        embed_dims=32,
        num_layers=[2, 2, 2, 2],
        num_heads=[1, 2, 5, 8],
        patch_sizes=[7, 3, 3, 3],
        sr_ratios=[8, 4, 2, 1],
        out_indices=(0, 1, 2, 3),
        mlp_ratio=4,
        qkv_bias=True,
        drop_path_rate=0.1,
    ),
    decode_head=dict(
        type='FusedSegformerHead',
        in_channels=[32, 64, 160, 256],
        in_index=[0, 1, 2, 3],
        channels=256,
        norm_cfg=dict(type='GN', num_groups=32),
    ),
)
