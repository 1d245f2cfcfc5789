"""Each data set with a config trains and validates from its owner's tree."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config

import mmseg_medical

LEAVES = {
    'uwmgi/unet_efficientnetb1.py': 'uw_madison',
    'siim_acr/unet_r34.py': 'siim',
    'stas/deeplabv3plus_r50.py': 'stas',
    'nuclei/unet_r50.py': 'nuclei',
    'nuclei/unet_r50_distance.py': 'nuclei',
}


ENCODER = 'tu-tf_mobilenetv3_small_minimal_100'


def shrink_images(pipeline):
    """Images of 64 pixels where a pipeline resizes or crops."""
    for step in pipeline:
        if step.type == 'Resize':
            step.scale = (64, 64)
        elif 'crop_size' in step:
            step.crop_size = (64, 64)


def shrink_model(model):
    """A network of half a million weights."""
    model.backbone.encoder_name = ENCODER
    for head in (model.decode_head, *model.get('map_heads', {}).values()):
        if head.arch == 'Unet':
            head.arch_cfg = dict(decoder_channels=(16, 8, 8, 8, 8))
        else:
            head.arch_cfg = dict(decoder_channels=16)


@pytest.mark.parametrize('leaf', LEAVES)
def test_two_iterations_of_each_leaf(leaf, request, tool, tmp_path, events):
    name = Path(leaf).stem
    root = request.getfixturevalue(LEAVES[leaf])()
    cfg = Config.fromfile(mmseg_medical.config_path(leaf))
    for loader in ('train', 'val', 'test'):
        loader = cfg[f'{loader}_dataloader']
        loader.batch_size, loader.num_workers = 2, 0
        loader.persistent_workers = False
        loader.dataset.update(data_root=str(root), num_folds=2)
        shrink_images(loader.dataset.pipeline)
    shrink_model(cfg.model)
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    stages = cfg.get('stages', [])
    for stage in stages:
        stage.max_iters = 2
        if 'scale' in stage:
            stage.scale = (32, 32)
    cfg.default_hooks.logger.interval = 1
    cfg.dump(tmp_path / f'{name}.py')
    work_dir = tmp_path / 'work'
    tool('train').main(
        [
            *(str(tmp_path / f'{name}.py'), '--work-dir', str(work_dir)),
            '--no-pretrained',
        ]
    )
    folders = [work_dir]
    if stages:
        names = [stage.name for stage in stages]
        folders = [work_dir / f'stage_{k}_{n}' for k, n in enumerate(names)]
    for folder in folders:
        (log,) = folder.glob('*/vis_data/scalars.json')
        entries = [json.loads(line) for line in log.read_text().splitlines()]
        losses = [entry['loss'] for entry in entries if 'loss' in entry]
        assert len(losses) == 2
        assert all(0 < loss < 100 for loss in losses)
        best = cfg.default_hooks.checkpoint.save_best
        assert 0 <= entries[-1][best] <= 1
        assert len([*folder.glob(f'best_{best}_iter_2.pth')]) == 1
        found = events(folder)
        for score, value in entries[-1].items():
            if score != 'step':
                expected = pytest.approx(value, nan_ok=True)
                assert found[score][-1] == (2, expected), score
        if LEAVES[leaf] == 'uw_madison':
            organs = {'large_bowel', 'small_bowel', 'stomach'}
            assert {f'dice_per_image/{one}' for one in organs} <= set(found)
