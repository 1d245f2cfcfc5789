_base_ = './deeplabv3plus_efficientnetv2m.py'
encoder = 'tu-tf_efficientnet_b6'
model = dict(
    backbone=dict(encoder_name=encoder),
    decode_head=dict(encoder_name=encoder),
)
