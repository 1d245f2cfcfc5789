# SegFormer (Xie et al., NeurIPS 2021), B0.
_base_ = ['../heads/segformer.py', '../backbones/mit_b0.py']
model = dict(backbone=_base_.backbone)
