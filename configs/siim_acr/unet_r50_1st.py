_base_ = './unet_r34_1st.py'
weights = dict(BCELoss=1.0, SoftDiceLoss=1.0, PixelFocalLoss=1.0)
losses = [dict(type=k, loss_weight=v) for k, v in weights.items()]
model = dict(
    backbone=dict(encoder_name='resnet50'),
    decode_head=dict(loss_decode=losses),
)
