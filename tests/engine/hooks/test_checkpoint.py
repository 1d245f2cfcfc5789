import errno
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import CheckpointHook

from mmseg_medical.apis import load_config, train
from mmseg_medical.engine.checkpoint import CheckpointError, load_checkpoint
from mmseg_medical.engine.hooks import SafeCheckpointHook
from mmseg_medical.engine.hooks.checkpoint import best_scores


@pytest.fixture
def run(hubmap, tiny_config, tmp_path):
    root = hubmap()

    def start(iterations=4, resume=False, **options):
        cfg = load_config(
            tiny_config(root, iterations),
            work_dir=str(tmp_path / 'work'),
            options=options,
        )
        train(cfg, resume=resume, pretrained=False)
        return tmp_path / 'work'

    return start


def test_checkpoints_say_what_they_are_for(trained):
    meta = load_checkpoint(trained.checkpoint)['meta']
    assert meta['task'] == 'binary'
    assert meta['postprocess'] == dict(mask_thr=0.5)
    assert meta['dataset_meta']['classes'] == (
        'background',
        'functional tissue unit',
    )


def test_outdated_checkpoints_go_when_the_new_one_is_whole(run, monkeypatch):
    one = {'default_hooks.checkpoint.max_keep_ckpts': 1}
    work_dir = run(**one)
    assert [p.name for p in work_dir.glob('iter_*')] == ['iter_4.pth']
    (best,) = work_dir.glob('best_*')
    note = work_dir / 'last_checkpoint'
    assert note.read_text() == str(work_dir / 'iter_4.pth')

    def full(self, data):
        if self.suffix == '.part' and '.pth.' in self.name:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return write(self, data)

    write = Path.write_bytes
    with monkeypatch.context() as patch:
        patch.setattr(Path, 'write_bytes', full)
        with pytest.raises(OSError, match=r'iter_6\.pth: No space left'):
            run(8, resume=True, **one)
    assert [p.name for p in work_dir.glob('iter_*')] == ['iter_4.pth']
    assert best.exists()
    assert note.read_text() == str(work_dir / 'iter_4.pth')
    load_checkpoint(work_dir / 'iter_4.pth')

    run(8, resume=True, **one)
    assert [p.name for p in work_dir.glob('iter_*')] == ['iter_8.pth']


def test_resuming_with_other_labels_is_refused(run, trained, tmp_path):
    checkpoint = load_checkpoint(trained.checkpoint)
    checkpoint['meta']['task'] = 'multilabel'
    (tmp_path / 'work').mkdir()
    torch.save(checkpoint, tmp_path / 'work' / 'iter_2.pth')
    with pytest.raises(CheckpointError, match="for task 'multilabel'"):
        run(6, resume=True)


@pytest.mark.parametrize(
    ('key', 'rule'),
    [
        ('dice_per_image', 'greater'),
        ('iou_pooled/kidney', 'greater'),
        ('uw_madison_score', 'greater'),
        ('image_specificity', 'greater'),
        ('surface_dice_per_image', 'greater'),
        ('mIoU', 'greater'),
        ('loss', 'less'),
        ('hausdorff_95_per_image', 'less'),
        ('val/hausdorff_100_per_image/previous', 'less'),
    ],
)
def test_what_is_better_is_known(key, rule):
    hook = SafeCheckpointHook(save_best=key)
    assert hook.rules == [rule]
    assert SafeCheckpointHook(save_best=key, rule='less').rules == ['less']


def test_what_is_better_by_several_scores():
    keys = ['dice_pooled', 'hausdorff_95_per_image']
    assert SafeCheckpointHook(save_best=keys).rules == ['greater', 'less']


def runner(hook=None, **info):
    hub = SimpleNamespace(runtime_info=info)
    hooks = [] if hook is None else [hook]
    return SimpleNamespace(hooks=hooks, message_hub=hub)


def test_scores_by_what_chooses_a_checkpoint():
    one = CheckpointHook(save_best='dice', rule='greater')
    assert best_scores(runner(one, best_score=0.5)) == dict(dice=0.5)
    two = CheckpointHook(save_best=['dice', 'iou'], rule='greater')
    found = best_scores(runner(two, best_score_dice=0.5, best_score_iou=0.25))
    assert found == dict(dice=0.5, iou=0.25)
    assert best_scores(runner()) == {}
