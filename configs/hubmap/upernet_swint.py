_base_ = [
    '../_base_/models/upernet_swin_t.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/swin/swin_tiny_patch4_window7_224_20220317-1cdeb081.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint))
)
