_base_ = [
    '../_base_/heads/segformer.py',
    '../_base_/backbones/mit_b0.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b2_20220624-66e8bf70.pth'
model = dict(
    backbone=dict(
        _base_.backbone,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
        embed_dims=64,
        num_layers=[3, 4, 6, 3],
    ),
)
