import copy
import functools

import pytest
import torch
from mmengine.config import Config

from mmseg_medical.apis import load_config, train
from mmseg_medical.apis.train import _use_amp
from mmseg_medical.engine.checkpoint import CheckpointError
from mmseg_medical.engine.loops import ResumableTrainLoop
from mmseg_medical.errors import InputError
from mmseg_medical.models.segmentors.segmentor import MedicalSegmentor


def test_amp_replaces_the_plain_wrapper_only(monkeypatch):
    with pytest.raises(ValueError, match='--amp needs a GPU'):
        _use_amp(Config(dict(optim_wrapper=dict(type='OptimWrapper'))))
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    _use_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'
    cfg.optim_wrapper.loss_scale = 512
    _use_amp(cfg)
    assert cfg.optim_wrapper.loss_scale == 512
    with pytest.raises(ValueError, match='the config has ApexOptimWrapper'):
        _use_amp(Config(dict(optim_wrapper=dict(type='ApexOptimWrapper'))))


def test_weights_that_cannot_be_downloaded(
    hubmap, tiny_config, tmp_path, monkeypatch
):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    config = tiny_config(
        hubmap(),
        1,
        "model['backbone']['init_cfg'] = dict(type='Pretrained', "
        '_delete_=True, '
        "checkpoint='https://example.org/mit_b0.pth')",
    )
    cfg = load_config(config, work_dir=str(tmp_path / 'work'))
    with pytest.raises(ValueError, match=r'mit_b0.*by --no-pretrained'):
        train(cfg)
    cfg = load_config(config, work_dir=str(tmp_path / 'work'))
    assert train(cfg, pretrained=False).iter == 1
    # Weights are fetched before the first iteration.
    monkeypatch.setattr(ResumableTrainLoop, 'run', lambda _: None)
    for address in (
        'https://example.org/all.pth',
        'torchvision://resnet18',
        'open-mmlab://resnet50_v1c',
    ):
        cfg = load_config(
            config,
            work_dir=str(tmp_path / 'work'),
            options=dict(load_from=address),
        )
        plain = copy.deepcopy(cfg)
        plain.model.backbone.init_cfg = None
        with pytest.raises(ValueError, match=r'by --no-pretrained'):
            train(plain)
        assert train(cfg, pretrained=False)._load_from is None


def test_a_task_that_the_head_contradicts(hubmap, tiny_config, tmp_path):
    cfg = load_config(
        tiny_config(hubmap()),
        work_dir=str(tmp_path),
        options={'model.decode_head.num_classes': 3},
    )
    with pytest.raises(ValueError, match=r"task='binary' contradicts.*=2"):
        train(cfg)


def test_resume_without_a_checkpoint_starts(trained, tmp_path):
    cfg = load_config(trained.config, work_dir=str(tmp_path))
    assert train(cfg, resume=True).iter == 2
    assert cfg.resume is False


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {'model.decode_head.out_channels': 3},
            r"task='binary' contradicts .*out_channels to 1 or 2",
        ),
        (
            {
                'model.task': 'multiclass',
                'model.decode_head.num_classes': 4,
            },
            'num_classes is 4, the data set has 2 classes',
        ),
    ],
)
def test_counts_that_contradict_stop_before_the_first_iteration(
    hubmap, tiny_config, tmp_path, options, message
):
    cfg = load_config(
        tiny_config(hubmap()), work_dir=str(tmp_path / 'w'), options=options
    )
    with pytest.raises(ValueError, match=message):
        train(cfg)
    assert not list((tmp_path / 'w').rglob('*.pth'))


def test_resuming_where_nothing_is_starts_from_the_weights_of_the_config(
    trained, tmp_path
):
    weights = str(trained.checkpoint)
    cfg = load_config(
        trained.config,
        work_dir=str(tmp_path),
        options=dict(load_from=weights, resume=True),
    )
    runner = train(cfg, resume=True)
    assert (cfg.load_from, cfg.resume) == (weights, False)
    assert runner.iter == 2


def test_a_run_killed_in_its_last_validation_validates(
    hubmap, tiny_config, tmp_path, monkeypatch
):
    """The checkpoint of an iteration is written before it is validated."""
    config, work_dir = tiny_config(hubmap(), 2), str(tmp_path / 'w')

    def stop(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr('mmengine.runner.ValLoop.run', stop)
        with pytest.raises(KeyboardInterrupt):
            train(load_config(config, work_dir=work_dir))
    assert (tmp_path / 'w' / 'iter_2.pth').is_file()
    assert not list((tmp_path / 'w').glob('best_*.pth'))
    train(load_config(config, work_dir=work_dir), resume=True)
    assert len(list((tmp_path / 'w').glob('best_*_iter_2.pth'))) == 1


def test_two_runs_in_one_folder(trained, tmp_path, held_by_another):
    load = functools.partial(
        load_config, trained.config, work_dir=str(tmp_path)
    )
    with (
        held_by_another(tmp_path),
        pytest.raises(InputError, match='is being written by another'),
    ):
        train(load())
    assert train(load()).iter == 2


def test_memory_that_is_used_up(trained, tmp_path, monkeypatch):
    def step(*args, **kwargs):
        raise torch.OutOfMemoryError('CUDA out of memory')

    cfg = load_config(trained.config, work_dir=str(tmp_path))
    monkeypatch.setattr(MedicalSegmentor, 'loss', step)
    size = cfg.train_dataloader.batch_size
    with pytest.raises(InputError) as error:
        train(cfg)
    message = str(error.value)
    assert 'is used up at iteration 0; lower' in message
    assert f'train_dataloader.batch_size (now {size};' in message
    assert 'Resize scale=(' in message
    assert '(now fp32; --precision bf16)' in message


def test_a_start_from_weights_that_fit_in_part(trained, tmp_path):
    other = tmp_path / 'other.pth'
    weights = torch.load(trained.checkpoint, weights_only=False)['state_dict']
    weights['decode_head.conv_seg.weight'] = torch.zeros(7, 256, 1, 1)
    del weights['decode_head.conv_seg.bias']
    torch.save(dict(state_dict=weights), other)
    options = dict(load_from=str(other))

    def start(**more):
        cfg = load_config(
            trained.config,
            work_dir=str(tmp_path / 'w'),
            options=options | more,
        )
        return train(cfg)

    with pytest.raises(CheckpointError) as error:
        start()
    message = str(error.value)
    assert (
        '1 are missing, as decode_head.conv_seg.bias; 1 do not fit' in message
    )
    assert 'partial_start=True' in message
    assert start(**{'default_hooks.checkpoint.partial_start': True}).iter == 2
