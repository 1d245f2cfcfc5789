_base_ = './unet_r34_1st.py'
encoder = 'se_resnext50_32x4d'
weights = dict(BCELoss=2.0, SoftDiceLoss=1.0, PixelFocalLoss=2.0)
losses = [dict(type=k, loss_weight=v) for k, v in weights.items()]
model = dict(
    backbone=dict(encoder_name=encoder),
    decode_head=dict(
        encoder_name=encoder,
        arch_cfg=dict(decoder_attention_type='scse'),
        loss_decode=losses,
    ),
)
