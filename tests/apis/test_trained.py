from types import SimpleNamespace

import pytest
from mmengine.dist import get_rank
from mmengine.hooks import CheckpointHook

from mmseg_medical.apis import load_config
from mmseg_medical.apis.trained import (
    _settings,
    best_checkpoint,
    train_once,
)
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


def test_files_that_choose_samples_count(hubmap, tiny_config, tmp_path):
    root = hubmap()
    options = {'train_dataloader.dataset.subset': 'ids.txt'}

    def settings(text):
        (root / 'ids.txt').write_text(text)
        cfg = load_config(
            tiny_config(root), work_dir=str(tmp_path / 'w'), options=options
        )
        return _settings(cfg, amp=False)

    one, other = settings('101\n'), settings('102\n')
    assert {key for key in one if one[key] != other[key]} == {'split'}


def test_all_processes_go_on_from_one_checkpoint(
    hubmap, tiny_config, tmp_path, trained, on_two_ranks, monkeypatch
):
    """mmengine tells the main process alone which one is the best."""
    config, work_dir = tiny_config(hubmap()), str(tmp_path / 'w')
    best = str(tmp_path / 'best_dice_iter_1.pth')

    def run():
        cfg = load_config(config, work_dir=work_dir, launcher='pytorch')
        found = trained(best_ckpt_path=best if get_rank() == 0 else None)
        found.iter, found.message_hub = 3, SimpleNamespace(runtime_info={})
        monkeypatch.setattr(
            'mmseg_medical.apis.trained.train', lambda *_, **__: found
        )
        checkpoint = train_once(cfg).checkpoint
        (tmp_path / f'rank_{get_rank()}').write_text(checkpoint)

    on_two_ranks(run)
    for rank in (0, 1):
        assert (tmp_path / f'rank_{rank}').read_text() == best
