_base_ = './deeplabv3plus_efficientnetv2m.py'
encoder = 'tu-eca_nfnet_l2'
model = dict(
    backbone=dict(encoder_name=encoder),
    decode_head=dict(encoder_name=encoder),
)
