_base_ = [
    '../_base_/models/unet_r18.py',
    '../_base_/datasets/nuclei_hv.py',
    '../_base_/schedules/schedule_small.py',
    '../_base_/default_runtime.py',
]
losses = [dict(type='CELoss'), dict(type='SoftDiceLoss')]
model = dict(
    decode_head=dict(loss_decode=losses),
    map_heads=dict(hv=_base_.map_head),
    test_cfg=dict(instances=_base_.decoder),
)
