# UPerNet (Xiao et al., ECCV 2018) over ConvNeXt-T (Liu et al., CVPR 2022).
_base_ = ['../heads/upernet.py', '../backbones/convnext_t.py']
model = dict(backbone=_base_.backbone)
