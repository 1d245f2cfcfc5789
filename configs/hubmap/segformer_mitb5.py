_base_ = './segformer_mitb2.py'
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b5_20220624-658746d9.pth'
model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint=checkpoint), num_layers=[3, 6, 40, 3]
    )
)
