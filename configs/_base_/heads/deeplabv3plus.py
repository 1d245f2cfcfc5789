# DeepLabV3+ (Chen et al., ECCV 2018); dilations fit the stride of the backbone.
_base_ = '../segmentor.py'
model = dict(
    decode_head=dict(
        type='DeepLabV3PlusHead',
        in_index=[-4, -1],
        channels=512,
        norm_cfg=dict(type='GN', num_groups=32),
    ),
)
