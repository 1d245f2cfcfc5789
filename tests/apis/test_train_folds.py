from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.hooks import CheckpointHook

from mmseg_medical.apis.train_folds import best_checkpoint, results_files
from mmseg_medical.errors import InputError


@pytest.fixture
def trained(tmp_path):
    """A runner with checkpoints in its folder, and its hook."""

    def build(**best):
        hook = CheckpointHook(interval=1)
        vars(hook).update(best)
        for name in ('iter_2.pth', 'best_dice_iter_1.pth'):
            (tmp_path / name).write_text('')
        return SimpleNamespace(hooks=[hook], work_dir=str(tmp_path))

    return build


def test_the_best_checkpoint_then_the_last(trained, tmp_path, capsys):
    best = str(tmp_path / 'best_dice_iter_1.pth')
    assert best_checkpoint(trained(best_ckpt_path=best)) == best
    several = dict(iou=None, dice=best)
    assert best_checkpoint(trained(best_ckpt_path_dict=several)) == best
    last = str(tmp_path / 'iter_2.pth')
    for gone in (None, str(tmp_path / 'best_dice_iter_0.pth')):
        assert best_checkpoint(trained(best_ckpt_path=gone)) == last
    assert 'no best checkpoint was chosen' in capsys.readouterr().out


def test_no_checkpoint_at_all(trained, tmp_path):
    runner = trained()
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(
        InputError, match=r'has no checkpoint to test; .*hooks'
    ):
        best_checkpoint(runner)


def test_metrics_of_ours_keep_their_results(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path)))
    assert results_files(cfg) == {}
    cfg.test_evaluator = dict(type='mmseg.OverlapMetric')
    assert results_files(cfg) == {0: tmp_path / 'results_0.pth'}
    cfg.test_evaluator = [dict(type='IoUMetric'), dict(type='SurfaceMetric')]
    assert results_files(cfg) == {1: tmp_path / 'results_1.pth'}
