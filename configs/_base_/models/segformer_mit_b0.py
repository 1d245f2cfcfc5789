# SegFormer (Xie et al., NeurIPS 2021) with the loss and the group norm of the
# first place of HuBMAP 2022: CE and Lovasz 1:3, no batch statistics.
model = dict(
    type='MedicalSegmentor',
    task='binary',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size_divisor=32,
        test_cfg=dict(size_divisor=32),
    ),
    backbone=dict(
        type='MixVisionTransformer',
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
        type='SegformerHead',
        in_channels=[32, 64, 160, 256],
        in_index=[0, 1, 2, 3],
        channels=256,
        num_classes=2,
        norm_cfg=dict(type='GN', num_groups=32),
        loss_decode=[
            dict(type='CrossEntropyLoss', loss_weight=0.25),
            dict(type='LovaszLoss', loss_weight=0.75, reduction='none'),
        ],
    ),
    test_cfg=dict(mode='whole', mask_thr=0.5),
)
