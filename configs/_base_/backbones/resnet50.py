# ResNet-50 (He et al., CVPR 2016) with the stem of three convolutions of
# MMSegmentation, weights of ImageNet-1k.
checkpoint = 'open-mmlab://resnet50_v1c'
backbone = dict(
    type='ResNetV1c',
    init_cfg=dict(type='Pretrained', checkpoint=checkpoint),
    depth=50,
    norm_cfg=dict(type='BN', requires_grad=True),
)
