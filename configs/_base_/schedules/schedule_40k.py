# AdamW as SegFormer was trained, for 40,000 iterations; another number of them
# in  train_cfg.max_iters  is all that a leaf has to say. The warm-up is a
# factor of what goes down from the first iteration on: no run is too short.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01
    ),
    paramwise_cfg=dict(
        bypass_duplicate=True,  # CoaT shares weights between blocks
        custom_keys=dict(
            pos_block=dict(decay_mult=0.0),
            norm=dict(decay_mult=0.0),
            head=dict(lr_mult=10.0),
        ),
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, end=1500),
    dict(type='PolyLR', eta_min=0.0, by_epoch=False),
]
train_cfg = dict(type='ResumableTrainLoop', max_iters=40000, val_interval=1000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
