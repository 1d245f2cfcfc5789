_base_ = [
    '../_base_/models/segformer_mit_b0.py',
    '../_base_/datasets/hubmap_1st.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
checkpoint = 'https://mmassets.onedl.ai/mmsegmentation/v0.5/pretrain/segformer/mit_b4_20220624-d588d980.pth'
init = dict(type='Pretrained', checkpoint=checkpoint)
model = dict(
    backbone=dict(init_cfg=init, embed_dims=64, num_layers=[3, 8, 27, 3]),
)
scales = [dict(scale=0.8), dict(), dict(scale=1.2)]
tta_model = dict(views='hflip', variants=scales)
