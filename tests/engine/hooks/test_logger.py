import json
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from mmengine.hooks import Hook
from mmseg.registry import HOOKS


@pytest.mark.parametrize(('rank', 'files'), [(0, 1), (1, 0)])
def test_one_process_writes_the_scores(rank, files, tmp_path, monkeypatch):
    monkeypatch.setattr(
        'mmseg_medical.engine.hooks.logger.is_main_process', lambda: rank == 0
    )
    hook = HOOKS.build(dict(type='SafeLoggerHook'))
    hook.json_log_path = 'scores.json'
    runner = SimpleNamespace(
        log_dir=str(tmp_path),
        test_dataloader=[None],
        logger=SimpleNamespace(info=lambda text: None),
        log_processor=SimpleNamespace(
            get_log_after_epoch=lambda *_, **__: ({'dice': 0.5}, 'dice 0.5')
        ),
    )
    hook.after_test_epoch(runner)
    written = list(tmp_path.iterdir())
    assert len(written) == files
    assert all(json.loads(p.read_text()) == {'dice': 0.5} for p in written)


@HOOKS.register_module()
class RecordHook(Hook):
    """What a training does, by iteration."""

    priority = 'VERY_LOW'
    seen: ClassVar[list] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        (group, *_) = runner.optim_wrapper.param_groups
        self.seen.append((runner.iter + 1, 'lr', group['lr']))

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ):
        self.seen.append((runner.iter + 1, 'loss', outputs['loss'].item()))

    def after_val_epoch(self, runner, metrics=None):
        for name, value in metrics.items():
            self.seen.append((runner.iter, name, value))


def test_everything_reaches_tensorboard_at_its_iteration(
    run, tmp_path, events
):
    RecordHook.seen.clear()
    run(
        6,
        """
train_cfg = dict(max_iters=6, val_interval=2)
custom_hooks = [dict(type='RecordHook')]
""",
    )
    found = events(tmp_path / 'work')

    def seen(key):
        return [
            (k, value) for k, name, value in RecordHook.seen if name == key
        ]

    losses = seen('loss')
    assert [step for step, _ in losses] == [1, 2, 3, 4, 5, 6]
    smooth = [
        (step, pytest.approx(np.mean([v for _, v in losses[:step]]), rel=1e-4))
        for step, _ in losses
    ]  # the mean of the last ten
    assert found['loss'] == smooth
    rates = [(k, pytest.approx(v, rel=1e-6)) for k, v in seen('lr')]
    assert len({v for _, v in seen('lr')}) == 6
    assert found['lr'] == rates
    scores = {name for _, name, _ in RecordHook.seen} - {'loss', 'lr'}
    assert {'dice_per_image', 'iou_pooled', 'image_sensitivity'} <= scores
    for name in scores:
        values = [
            (k, pytest.approx(v, rel=1e-6, nan_ok=True)) for k, v in seen(name)
        ]
        assert [k for k, _ in values] == [2, 4, 6]
        assert found[name] == values, name
    # Times of a validation are no points of the curve of the training.
    assert [k for k, _ in found['time']] == [1, 2, 3, 4, 5, 6]
    assert [k for k, _ in found['val_time']] == [2, 4, 6]
    pictures = [name for name in found if name.startswith('overlay_')]
    assert len(pictures) == 2
    for name in pictures:
        assert found[name] == [(k, (32, 32)) for k in (2, 4, 6)]
