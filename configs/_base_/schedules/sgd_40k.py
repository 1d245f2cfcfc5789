# SGD with Nesterov's momentum, along a cosine after the warm-up.
_base_ = './cosine_40k.py'
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='SGD',
        lr=1e-3,
        momentum=0.9,
        nesterov=True,
        weight_decay=1e-4,
    )
)
