import pytest
from mmengine.config import Config

import mmseg_medical
from mmseg_medical.apis.stage_config import STAGE_KEYS, stage_config
from mmseg_medical.errors import InputError


def siim(*stages):
    cfg = Config.fromfile(mmseg_medical.config_path('siim_acr/unet_r34.py'))
    cfg.stages = list(stages)
    cfg.work_dir = 'work'
    return cfg


def steps(cfg, part, name):
    pipeline = cfg[f'{part}_dataloader'].dataset.pipeline
    return [step for step in pipeline if step.type == name]


def test_keys_set_what_they_are_called_after():
    cfg = siim(
        dict(
            name='coarse',
            scale=(64, 48),
            batch_size=3,
            positives=(0.8, 0.4),
            losses=[dict(type='BCELoss')],
            lr=1e-5,
            max_iters=400,
            val_interval=200,
            freeze=['backbone'],
            subset=dict(part='x'),
            options={'randomness.seed': 5},
        )
    )
    found = stage_config(cfg, 0)
    assert found.work_dir == 'work/stage_0_coarse'
    assert 'stages' not in found
    for part in ('train', 'val'):
        assert [s.scale for s in steps(found, part, 'Resize')] == [(64, 48)]
    loader = found.train_dataloader
    assert loader.batch_size == 3
    assert loader.dataset.subset == dict(part='x')
    assert loader.sampler == dict(
        type='PositiveRatioSampler', ratio=(0.8, 0.4)
    )
    assert found.model.decode_head.loss_decode == [dict(type='BCELoss')]
    assert found.optim_wrapper.optimizer.lr == 1e-5
    assert found.train_cfg.max_iters == 400
    assert found.train_cfg.val_interval == 200
    assert found.custom_hooks[-1] == dict(
        type='FreezeHook', patterns=['backbone']
    )
    assert found.randomness.seed == 5
    # A test is that of the config as it is written, and so is the rest.
    assert steps(cfg, 'train', 'Resize')[0].scale == (1024, 1024)
    assert cfg.train_dataloader.batch_size == 2


def test_other_keys():
    schedule = [dict(type='ConstantLR', by_epoch=False)]
    optimizer = dict(type='Adam', lr=1e-3)
    cfg = siim(
        dict(name='a', schedule=schedule, optimizer=optimizer, lr=2e-3),
        dict(name='b', positives=1.0),
    )
    found = stage_config(cfg, 0)
    assert found.param_scheduler == schedule
    assert found.optim_wrapper.optimizer == dict(type='Adam', lr=2e-3)
    assert stage_config(cfg, 1).train_dataloader.sampler == dict(
        type='PositiveRatioSampler', ratio=1.0
    )
    assert {'crop_size', 'subset'} < STAGE_KEYS.keys()


def test_crops_of_transforms_within_others():
    cfg = Config.fromfile(
        mmseg_medical.config_path('stas/deeplabv3plus_r50.py')
    )
    crop = cfg.train_dataloader.dataset.pipeline[0]
    cfg.train_dataloader.dataset.pipeline[0] = dict(
        type='ChooseBy', key='source', transforms=dict(a=[crop]), default=[]
    )
    cfg.stages = [dict(name='a', crop_size=(96, 64))]
    pipeline = stage_config(cfg, 0).train_dataloader.dataset.pipeline
    assert pipeline[0].transforms.a[0].crop_size == (96, 64)


def test_keys_that_the_config_has_not_yet():
    schedule = [dict(type='ConstantLR', by_epoch=False)]
    cfg = siim(dict(name='a', schedule=schedule, val_interval=7, batch_size=3))
    cfg.pop('param_scheduler')
    cfg.train_cfg.pop('val_interval')
    found = stage_config(cfg, 0)
    assert found.param_scheduler == schedule
    assert found.train_cfg.val_interval == 7
    cfg.pop('train_dataloader')
    with pytest.raises(InputError, match='batch_size changes nothing'):
        stage_config(cfg, 0)


def test_transforms_of_wrappers_and_of_other_scopes():
    cfg = siim(dict(name='a', scale=(64, 48)))
    loader = cfg.train_dataloader
    loader.dataset = dict(
        type='MultiImageMixDataset',
        dataset=loader.dataset,
        pipeline=[dict(type='mmseg.RandomResize', scale=(9, 9))],
    )
    found = stage_config(cfg, 0).train_dataloader.dataset
    assert found.pipeline[0].scale == (64, 48)
    inner = [s for s in found.dataset.pipeline if s.type == 'Resize']
    assert inner[0].scale == (64, 48)


def test_the_positives_and_a_file_of_ids():
    cfg = siim(
        dict(name='a', subset='positive'), dict(name='b', subset='ids.txt')
    )
    first = stage_config(cfg, 0).train_dataloader
    assert first.sampler == dict(type='PositiveRatioSampler', ratio=1.0)
    assert 'subset' not in first.dataset
    second = stage_config(cfg, 1)
    assert second.train_dataloader.dataset.subset == 'ids.txt'
    assert 'subset' not in second.val_dataloader.dataset


@pytest.mark.parametrize(
    ('stages', 'message'),
    [
        ([dict(name='a', subset='positive', positives=0.5)], 'one of both'),
        ([dict(name='a', size=3)], r"\(a\) has 'size'; expected some of name"),
        ([dict(name='a', crop_size=(8, 8))], 'crop_size changes nothing'),
        ([dict(lr=1)], "name is ''; give each stage a name"),
        ([dict(name='../a')], "name is '../a'"),
        ([dict(name='a'), dict(name='a')], 'as that of another stage'),
        ([], 'there is no stage 0: stages has 0'),
    ],
)
def test_what_is_no_stage_is_refused(stages, message):
    with pytest.raises(InputError, match=message):
        stage_config(siim(*stages), 0)
