_base_ = './unet_efficientnetb4_1st.py'
encoder = 'efficientnet-b6'
losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss', loss_weight=1.0)]
model = dict(
    backbone=dict(encoder_name=encoder),
    decode_head=dict(encoder_name=encoder, loss_decode=losses),
)
