import pytest
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical.apis import load_config, train
from mmseg_medical.apis.train import _use_amp


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


def test_amp_replaces_the_plain_wrapper_only():
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
        "checkpoint='https://example.org/mit_b0.pth')",
    )
    cfg = load_config(config, work_dir=str(tmp_path / 'work'))
    with pytest.raises(ValueError, match=r'mit_b0.*by --no-pretrained'):
        train(cfg)
    cfg = load_config(config, work_dir=str(tmp_path / 'work'))
    assert train(cfg, pretrained=False).iter == 1


def test_a_task_that_the_head_contradicts(hubmap, tiny_config, tmp_path):
    cfg = load_config(
        tiny_config(hubmap()),
        work_dir=str(tmp_path),
        options={'model.decode_head.num_classes': 3},
    )
    with pytest.raises(ValueError, match=r"task='binary' contradicts.*=2"):
        train(cfg)


def test_resume_without_a_checkpoint_starts(hubmap, tiny_config, tmp_path):
    cfg = load_config(tiny_config(hubmap(), 1), work_dir=str(tmp_path / 'w'))
    assert train(cfg, resume=True).iter == 1
