_base_ = './segformer_mitb2.py'
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b3_20220624-13b1141c.pth'
model = dict(
    backbone=dict(
        init_cfg=dict(checkpoint=checkpoint), num_layers=[3, 4, 18, 3]
    )
)
