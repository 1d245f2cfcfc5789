_base_ = [
    '../_base_/models/unet_smp.py',
    '../_base_/datasets/uw_madison.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
encoder = 'efficientnet-b1'
losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss')]
model = dict(  # channels are the slices of the data set's  stack
    task='multilabel',
    data_preprocessor=dict(mean=[0] * 3, std=[255] * 3, bgr_to_rgb=False),
    backbone=dict(encoder_name=encoder, in_channels=3),
    decode_head=dict(encoder_name=encoder, num_classes=3, loss_decode=losses),
)
default_hooks = dict(checkpoint=dict(save_best='uw_madison_score'))
tta_model = dict(views='hflip')
