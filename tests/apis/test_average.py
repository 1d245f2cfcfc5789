import pytest
import torch
from mmseg.registry import MODELS

from mmseg_medical.apis import load_config
from mmseg_medical.apis.average import average
from mmseg_medical.engine.batch_norm import batch_norms
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.errors import InputError


@pytest.fixture
def cfg(hubmap, tiny_config, small_network, tmp_path):
    return load_config(
        tiny_config(hubmap(), 1, small_network), work_dir=str(tmp_path)
    )


@pytest.fixture
def paths(cfg, tmp_path):
    """Two checkpoints of the network, whose norms in layer 1 were held."""
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = MODELS.build(cfg.model)
        for name, norm in batch_norms(model).items():
            if 'layer1' not in name:
                norm.running_mean.normal_()
        found.append(str(tmp_path / f'{seed}.pth'))
        meta = dict(task='binary', dataset_meta=dict(classes=None))
        torch.save(dict(meta=meta, state_dict=model.state_dict()), found[-1])
    return found


def test_norms_are_estimated_on_training_batches(cfg, paths, tmp_path):
    out = tmp_path / 'mean.pth'
    left = average(paths, out)
    assert 'backbone.stem.1' in left
    assert not any('layer1' in name for name in left)
    plain = load_checkpoint(out)['state_dict']
    one, other = (load_checkpoint(path)['state_dict'] for path in paths)
    for name, value in plain.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (one[name] + other[name]) / 2)

    assert average(paths, out, cfg=cfg, num_batches=2) == set()
    found = load_checkpoint(out)['state_dict']
    moved = {name for name in plain if not plain[name].equal(found[name])}
    assert {name.rpartition('.')[0] for name in moved} == left
    # A share of positives that changes is known at the end of the training.
    cfg.train_dataloader.sampler = dict(
        type='PositiveRatioSampler', ratio=(1.0, 1.0)
    )
    average(paths, out, cfg=cfg, num_batches=2)
    found = load_checkpoint(out)['state_dict']
    again = tmp_path / 'again.pth'
    average(paths, again, cfg=cfg, num_batches=2)
    for name, value in load_checkpoint(again)['state_dict'].items():
        assert value.equal(found[name])


def test_refused(cfg, paths, tmp_path):
    out = tmp_path / 'mean.pth'
    with pytest.raises(InputError, match='two checkpoints or more, got 1'):
        average(paths[:1], out)
    with pytest.raises(InputError, match='num_batches is 0'):
        average(paths, out, num_batches=0)
    cfg.model.decode_head.channels = 4
    with pytest.raises(InputError, match=r'0\.pth has .* weights of this'):
        average(paths, out, cfg=cfg)
    assert not out.exists()
