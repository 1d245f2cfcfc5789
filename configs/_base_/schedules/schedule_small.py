# From random weights in some hundred iterations, in bf16 also on a CPU.
optim_wrapper = dict(
    type='MixedPrecisionOptimWrapper',
    precision='bf16',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, end=40),
    dict(type='PolyLR', eta_min=0.0, by_epoch=False),
]
train_cfg = dict(type='ResumableTrainLoop', max_iters=400, val_interval=400)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
custom_hooks = [
    dict(type='EMAHook', momentum=0.02),
    dict(type='ReestimateBNHook', num_batches=20),
]
