# The 2.5D networks of the first place of UW-Madison with their weights, b5
# with those of its two, and the four that decide what a slice has at all.
# Checkpoints are those that  tools/train.py CONFIG  leaves; --cfg-options
# model.checkpoints=[…] names others.
unets = [f'unet_efficientnetb{k}' for k in (4, 5, 6, 7)]
members = [*(f'{name}_1st' for name in unets), 'upernet_convnexts_1st']
gates = [f'{name}_gate_1st' for name in unets]
model = dict(
    type='EnsembleSegmentor',
    members=[f'uwmgi/{name}.py' for name in members],
    checkpoints=[f'work_dirs/{name}/best_*.pth' for name in members],
    weights=[0.2, 0.5, 0.2, 0.1, 0.1],
    gate=dict(
        members=[f'uwmgi/{name}.py' for name in gates],
        checkpoints=[f'work_dirs/{name}/best_*.pth' for name in gates],
        mask_thr=0.6,
        min_size=13,
    ),
    test_cfg=dict(mask_thr=0.4),
)
postprocess = [dict(type='doublet', top_score_thr=0.5, mask_thr=0.4)]
