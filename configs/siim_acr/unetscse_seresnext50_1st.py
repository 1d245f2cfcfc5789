_base_ = './unet_r34_1st.py'
weights = dict(BCELoss=2.0, SoftDiceLoss=1.0, PixelFocalLoss=2.0)
losses = [dict(type=k, loss_weight=v) for k, v in weights.items()]
model = dict(
    backbone=dict(encoder_name='se_resnext50_32x4d'),
    decode_head=dict(
        arch_cfg=dict(decoder_attention_type='scse'),
        loss_decode=losses,
    ),
)
