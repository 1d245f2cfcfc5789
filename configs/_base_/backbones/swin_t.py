# Swin-T (Liu et al., ICCV 2021) of MMSegmentation, weights of ImageNet-1k.
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/swin/swin_tiny_patch4_window7_224_20220317-1cdeb081.pth'
backbone = dict(
    type='SwinTransformer',
    init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
    embed_dims=96,
    depths=[2, 2, 6, 2],
    num_heads=[3, 6, 12, 24],
    window_size=7,
    drop_path_rate=0.3,
)
