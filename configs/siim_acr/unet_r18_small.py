# The lungs: a few X-rays are enough to learn them.
_base_ = [
    '../_base_/models/unet_r18.py',
    '../_base_/datasets/lungs.py',
    '../_base_/schedules/schedule_small.py',
    '../_base_/default_runtime.py',
]
model = dict(
    data_preprocessor=dict(mean=[118.0], std=[57.5], bgr_to_rgb=False),
    backbone=dict(in_channels=1),
    decode_head=dict(
        loss_decode=[dict(type='CELoss'), dict(type='SoftDiceLoss')]
    ),
)
tta_model = dict(views='hflip')
