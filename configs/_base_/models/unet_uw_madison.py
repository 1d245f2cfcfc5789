# U-Net of three slices, one channel each, and three classes that overlap.
_base_ = './unet_smp.py'
model = dict(
    task='multilabel',
    data_preprocessor=dict(mean=[0] * 3, std=[255] * 3, bgr_to_rgb=False),
    backbone=dict(in_channels=3),
    decode_head=dict(num_classes=3),
)
