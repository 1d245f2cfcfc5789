# As schedule_40k.py, along a cosine that starts again every 10,000 iterations,
# as for averages of the ends (Loshchilov & Hutter, ICLR 2017). A leaf with
# another number of iterations gives  periods  and  restart_weights  as well.
_base_ = './schedule_40k.py'
param_scheduler = [
    dict(
        type='CosineRestartLR',
        periods=[10000] * 4,
        restart_weights=[1] * 4,
        eta_min=0.0,
        by_epoch=False,
    ),
]
