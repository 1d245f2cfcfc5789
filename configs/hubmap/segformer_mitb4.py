_base_ = './segformer_mitb2.py'
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b4_20220624-d588d980.pth'
model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint=checkpoint), num_layers=[3, 8, 27, 3]
    )
)
