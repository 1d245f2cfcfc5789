# SegFormer (Xie et al., NeurIPS 2021) with group norm: no batch statistics.
_base_ = '../segmentor.py'
model = dict(
    decode_head=dict(
        type='FusedSegformerHead',
        in_index=[-4, -3, -2, -1],
        channels=256,
        norm_cfg=dict(type='GN', num_groups=32),
    ),
)
