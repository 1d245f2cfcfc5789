_base_ = [
    '../_base_/models/unet_smp.py',
    '../_base_/datasets/siim_acr.py',
    '../_base_/schedules/stages_siim_1st.py',
    '../_base_/default_runtime.py',
]
weights = dict(BCELoss=3.0, SoftDiceLoss=1.0, PixelFocalLoss=4.0)
losses = [dict(type=k, loss_weight=v) for k, v in weights.items()]
model = dict(
    data_preprocessor=dict(mean=[118.0], std=[57.5], bgr_to_rgb=False),
    backbone=dict(in_channels=1),
    decode_head=dict(out_channels=1, loss_decode=losses),
)
tta_model = dict(views='hflip')
