# The main job at the size of a walk-through: SegFormer-B0 from random weights
# on the tissue that tools/demo_data.py writes.
_base_ = [
    '../_base_/models/segformer_mit_b0.py',
    '../_base_/datasets/hubmap.py',
    '../_base_/schedules/schedule_40k.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(init_cfg=None))
scale = (192, 192)
train_pipeline = _base_.train_pipeline
train_pipeline[0].scale = (0.6, 1.0)
train_pipeline[3].scale = scale
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = scale
data = dict(data_root='data/demo', fold=None)
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(split='splits/train.txt', pipeline=train_pipeline, **data),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(split='splits/val.txt', pipeline=test_pipeline, **data),
)
test_dataloader = val_dataloader
max_iters = 300
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=30),
    dict(type='PolyLR', eta_min=0.0, begin=30, end=max_iters, by_epoch=False),
]
train_cfg = dict(max_iters=max_iters, val_interval=100)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=100))
