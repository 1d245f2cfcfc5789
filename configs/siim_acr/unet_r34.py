_base_ = [
    '../_base_/models/unet_smp.py',
    '../_base_/datasets/siim_acr.py',
    '../_base_/schedules/stages_siim.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='BCELoss', pos_weight=0.75), dict(type='SoftDiceLoss')]
model = dict(
    data_preprocessor=dict(mean=[118.0], std=[57.5], bgr_to_rgb=False),
    backbone=dict(in_channels=1),
    decode_head=dict(out_channels=1, loss_decode=losses),
)
tta_model = dict(views='hflip', variants=[dict(), dict(clahe=2.0)])
