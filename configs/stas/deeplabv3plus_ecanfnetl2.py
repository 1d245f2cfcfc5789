_base_ = './deeplabv3plus_efficientnetv2m.py'
model = dict(
    backbone=dict(encoder_name='tu-eca_nfnet_l2'),
)
