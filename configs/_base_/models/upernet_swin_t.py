# UPerNet (Xiao et al., ECCV 2018) over Swin-T (Liu et al., ICCV 2021).
_base_ = ['../heads/upernet.py', '../backbones/swin_t.py']
model = dict(backbone=_base_.backbone)
