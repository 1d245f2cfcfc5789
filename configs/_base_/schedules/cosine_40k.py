# As schedule_40k.py, along a cosine.
_base_ = './schedule_40k.py'
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, end=1500),
    dict(type='CosineAnnealingLR', eta_min=0.0, by_epoch=False),
]
