default_scope = 'mmseg'
custom_imports = dict(imports=['mmseg_medical'], allow_failed_imports=False)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
randomness = dict(seed=0)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='SafeLoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='SafeCheckpointHook',
        by_epoch=False,
        interval=1000,
        max_keep_ckpts=1,
        save_best='dice_per_image',
    ),
    classes=dict(type='CheckClassesHook'),
    split=dict(type='CheckSplitHook'),
    progress=dict(type='ProgressHook'),
    overlays=dict(type='LogOverlaysHook', num_images=4),
    sampler_seed=dict(type='DistSamplerSeedHook'),
)
visualizer = dict(
    type='SegLocalVisualizer',
    vis_backends=[
        dict(type='LocalVisBackend'),
        dict(type='TensorboardBackend'),
    ],
)
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
tta_model = dict(type='MedicalTTAModel', views='d4')
