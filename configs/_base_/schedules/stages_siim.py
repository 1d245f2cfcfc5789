# The SIIM-ACR source system: 768², then 1024², then positive images alone.
_base_ = './cosine_40k.py'
optim_wrapper = dict(optimizer=dict(lr=2e-4))
stages = [
    dict(name='768', scale=(768, 768)),
    dict(name='1024', lr=5e-6, max_iters=15000),
    dict(name='positives', lr=1e-7, max_iters=10000, positives=1.0),
]
