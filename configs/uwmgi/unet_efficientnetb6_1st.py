_base_ = './unet_efficientnetb4_1st.py'
losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss', loss_weight=1.0)]
model = dict(
    backbone=dict(encoder_name='efficientnet-b6'),
    decode_head=dict(loss_decode=losses),
)
