# What all models share: normalisation by ImageNet, sides of a multiple of 32,
# and the loss of the first place of HuBMAP 2022, CE and Lovasz 1:3. Another
# task sets  task  and  decode_head.num_classes.
model = dict(
    type='MedicalSegmentor',
    task='binary',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size_divisor=32,
        test_cfg=dict(size_divisor=32),
    ),
    decode_head=dict(
        num_classes=2,
        loss_decode=[
            dict(type='CELoss', loss_weight=0.25),
            dict(type='LovaszSoftmaxLoss', loss_weight=0.75),
        ],
    ),
    test_cfg=dict(mode='whole', mask_thr=0.5),
)
