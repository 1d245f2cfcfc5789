# DeepLabV3+ (Chen et al., ECCV 2018) over ResNet-50, dilated to a stride of 8.
_base_ = ['../heads/deeplabv3plus.py', '../backbones/resnet50.py']
model = dict(
    backbone=dict(
        dilations=(1, 1, 2, 4),
        strides=(1, 2, 1, 1),
        contract_dilation=True,
        **_base_.backbone,
    ),
    decode_head=dict(
        norm_cfg=dict(_delete_=True, type='BN', requires_grad=True)
    ),
)
