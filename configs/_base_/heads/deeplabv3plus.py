# DeepLabV3+ (Chen et al., ECCV 2018); dilations fit the backbone's stride.
_base_ = '../segmentor.py'
model = dict(
    decode_head=dict(
        type='DeepLabV3PlusHead',
        in_index=[-4, -1],
        channels=512,
        norm_cfg=dict(type='GN', num_groups=16),
    ),
)
find_unused_parameters = True  # norms of the two maps between
