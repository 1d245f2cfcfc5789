# The first place of SIIM-ACR: stages with fewer and fewer positive images.
_base_ = './cosine_40k.py'
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='Adam', lr=1e-4, weight_decay=5e-6),
    clip_grad=dict(max_norm=0.1),
)
stages = [
    dict(name='512', scale=(512, 512), batch_size=4, positives=0.8),
    dict(name='part_0', positives=0.8),
    dict(name='part_1', positives=0.6, lr=1e-5),
    dict(name='part_2', positives=0.4, lr=1e-6, max_iters=20000),
]
