"""The average of the best checkpoints of a training."""

import copy
import math
import os
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import broadcast, broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from mmseg_medical._files import replacing
from mmseg_medical.engine.averaging import average_checkpoints
from mmseg_medical.engine.batch_norm import (
    recent_batches,
    reestimate,
    statistics,
)
from mmseg_medical.engine.wrapping import within
from mmseg_medical.errors import InputError

Entry = tuple[float, str]  # score, name of the file


@HOOKS.register_module()
class AverageCheckpointsHook(Hook):
    """Keep the best checkpoints and write their average at the end.

    Each of ``work_dir/top_<score>_iter_<n>.pth`` has the weights that were
    validated, without those of the optimizer; ``work_dir/averaged.pth`` has
    their mean, with batch norms estimated anew for it, and is tested as any
    checkpoint. Which ones are kept is part of the checkpoints that a training
    is resumed from.

    Args:
        num_checkpoints: How many to keep.
        score: Name of the score of a validation.
        rule: ``'greater'`` or ``'less'`` scores are better.
        num_batches: Training batches for the batch norms of the average.

    Raises:
        InputError: If an argument is out of range, there is no validation or
            it has no such score.

    Example:
        >>> custom_hooks = [
        ...     dict(type='AverageCheckpointsHook', num_checkpoints=3)
        ... ]
    """

    priority = 'VERY_LOW'  # after averaged weights are back in their place

    def __init__(
        self,
        num_checkpoints: int = 3,
        score: str = 'dice_per_image',
        *,
        rule: str = 'greater',
        num_batches: int = 50,
    ) -> None:
        for name, value in (
            ('num_checkpoints', num_checkpoints),
            ('num_batches', num_batches),
        ):
            if value < 1:
                raise InputError(
                    f'AverageCheckpointsHook: {name} is {value}, expected 1 '
                    'or more'
                )
        if rule not in ('greater', 'less'):
            raise InputError(
                f"AverageCheckpointsHook: rule is {rule!r}, expected 'greater'"
                " or 'less'"
            )
        self.num_checkpoints = num_checkpoints
        self.score = score
        self.sign = 1 if rule == 'greater' else -1
        self.num_batches = num_batches
        self.path: str | None = None  # of the average, once it is written
        self._saving = False

    def before_train(self, runner: Any) -> None:
        if runner.val_loop is None:
            raise InputError(
                'AverageCheckpointsHook keeps the best of the validated '
                'checkpoints, and the config validates nothing; set '
                'val_dataloader, val_cfg and val_evaluator'
            )

    def after_val_epoch(
        self, runner: Any, metrics: dict[str, float] | None = None
    ) -> None:
        """Keep the weights if they are among the best."""
        metrics = metrics or {}
        if self.score not in metrics:
            raise InputError(
                f'AverageCheckpointsHook: the validation has no score '
                f'{self.score!r}; it has {", ".join(sorted(metrics))}'
            )
        value = float(metrics[self.score])
        name = f'top_{self.score.replace("/", "_")}_iter_{runner.iter}.pth'
        before = [one for one in self._top(runner) if one[1] != name]
        ranked = sorted(
            [*before, (value, name)] if math.isfinite(value) else before,
            key=lambda one: self.sign * one[0],
            reverse=True,
        )
        top = ranked[: self.num_checkpoints]
        runner.message_hub.update_info('top_checkpoints', top)
        if (value, name) in top:
            self._save(runner, name)
        if is_main_process():
            for _, outdated in ranked[self.num_checkpoints :]:
                Path(runner.work_dir, outdated).unlink(missing_ok=True)

    @staticmethod
    def _top(runner: Any) -> list[Entry]:
        return runner.message_hub.get_info('top_checkpoints') or []

    def _save(self, runner: Any, name: str) -> None:
        self._saving = True
        runner.save_checkpoint(
            runner.work_dir,
            name,
            save_optimizer=False,
            save_param_scheduler=False,
            meta=dict(epoch=runner.epoch, iter=runner.iter),
            by_epoch=False,
            backend_args=dict(backend='AtomicBackend'),
        )
        self._saving = False

    def before_save_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        if self._saving:  # the other hooks have put in what they have to say
            for key in checkpoint.keys() - {'meta', 'state_dict'}:
                del checkpoint[key]

    def after_train(self, runner: Any) -> None:
        """Write the average."""
        paths = [Path(runner.work_dir, name) for _, name in self._top(runner)]
        checkpoint: dict[str, Any] = {}
        found: list[Any] = [[], set()]
        if is_main_process():
            there = [path for path in paths if path.is_file()]
            if there:
                checkpoint, moved = average_checkpoints(there)
                found = [[path.name for path in there], moved]
        broadcast_object_list(found)
        names, moved = found
        if not names:
            print_log(
                'AverageCheckpointsHook: no checkpoint was kept, there is '
                'nothing to average',
                logger='current',
            )
            return
        if moved:
            self._estimate(runner, checkpoint, moved)
        path = os.path.join(runner.work_dir, 'averaged.pth')
        if is_main_process():
            with replacing(path) as temporary:
                torch.save(checkpoint, temporary)
        self.path = path
        print_log(f'{path}: average of {", ".join(names)}', logger='current')

    def _estimate(
        self, runner: Any, checkpoint: dict[str, Any], moved: set[str]
    ) -> None:
        """Estimate the batch norms of the average, on all processes."""
        model = copy.deepcopy(within(runner.model))
        if is_main_process():
            model.load_state_dict(checkpoint['state_dict'])
        for tensor in model.state_dict().values():
            broadcast(tensor)
        batches = recent_batches(runner, self.num_batches, runner.iter)
        reestimate(model, batches, names=moved)
        if is_main_process():
            for name, buffer in statistics(model, moved).items():
                checkpoint['state_dict'][name] = buffer.cpu()
