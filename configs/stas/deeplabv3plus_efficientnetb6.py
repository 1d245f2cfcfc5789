_base_ = './deeplabv3plus_efficientnetv2m.py'
model = dict(
    backbone=dict(encoder_name='tu-tf_efficientnet_b6'),
)
