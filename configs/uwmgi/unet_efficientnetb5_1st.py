_base_ = './unet_efficientnetb4_1st.py'
encoder = 'efficientnet-b5'
losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss', loss_weight=3.0)]
model = dict(
    backbone=dict(encoder_name=encoder),
    decode_head=dict(encoder_name=encoder, loss_decode=losses),
)
