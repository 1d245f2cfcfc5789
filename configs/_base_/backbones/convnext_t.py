# ConvNeXt-T (Liu et al., CVPR 2022) of MMPretrain, weights of ImageNet-1k; all
# of its backbones are there by the name  mmpretrain.….
checkpoint = 'https://mmassets.onedl.ai/mmclassification/v0/convnext/downstream/convnext-tiny_3rdparty_32xb128-noema_in1k_20220301-795e9634.pth'
backbone = dict(
    type='mmpretrain.ConvNeXt',
    init_cfg=dict(
        type='Pretrained', checkpoint=checkpoint, prefix='backbone.'
    ),
    arch='tiny',
    out_indices=[0, 1, 2, 3],
    drop_path_rate=0.4,
    layer_scale_init_value=1.0,
    gap_before_final_norm=False,
)
