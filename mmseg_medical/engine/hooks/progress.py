"""How far a training or a test is, and how long it will take."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop
from mmseg.registry import HOOKS

from mmseg_medical.engine.hooks.checkpoint import best_scores
from mmseg_medical.engine.memory import peak_memory
from mmseg_medical.engine.pace import Pace, validations_left
from mmseg_medical.progress import duration
from mmseg_medical.status_line import StatusLine

_FOLDERS = re.compile(r'fold_\d+|stage_\d+_.+')
_CELLS = 10  # of a bar
_RECENT = 10  # iterations whose mean loss is shown


@HOOKS.register_module()
class ProgressHook(Hook):
    """Show how far a run is, and say what it takes.

    In a terminal the last line has a bar, the time that is left, the loss and
    the best score so far, with fold and stage where there are some. Where
    standard error is no terminal there is none; the log has its lines at
    intervals in any case.

    Once enough iterations were made, and again after the first validation,
    the log says how long the training takes and the most memory it has taken.
    After each validation it has the score that chooses the best checkpoint
    beside the best one. The ``eta`` of other log lines has validations in it.

    Example:
        >>> default_hooks = dict(progress=dict(type='ProgressHook'))
    """

    priority = 55  # after the timer, before the logger

    def __init__(self) -> None:
        self.line = StatusLine()
        self.pace: Pace | None = None  # of a training
        self._told: bool | None = None  # with validations
        self._label = ''
        self._begin = 0.0

    def before_run(self, runner: Any) -> None:
        parts = Path(runner.work_dir).parts
        label = ' '.join(part for part in parts if _FOLDERS.fullmatch(part))
        self._label = label.replace('_', ' ')
        if is_main_process():
            self.line.open(runner.logger.handlers)

    def after_run(self, runner: Any) -> None:
        self.line.close()

    def before_train(self, runner: Any) -> None:
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            self.pace = Pace()

    def after_train_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        if self.pace is None:
            return
        self.pace.step()
        eta = self._left(runner, runner.iter + 1)
        if eta is not None:
            runner.message_hub.update_info('eta', eta)
        if self._told is None:
            self._tell(runner, runner.iter + 1)
        if self.line.due:
            self._show(
                'train', runner.iter + 1, runner.max_iters, eta, _facts(runner)
            )

    def before_val(self, runner: Any) -> None:
        self._begin = time.monotonic()
        if self.pace is not None:
            self.pace.begin_validation()

    def before_test(self, runner: Any) -> None:
        self._begin = time.monotonic()

    def after_val_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] = (),
    ) -> None:
        self._show_part('val', batch_idx + 1, len(runner.val_dataloader))

    def after_test_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] = (),
    ) -> None:
        self._show_part('test', batch_idx + 1, len(runner.test_dataloader))

    def after_val(self, runner: Any) -> None:
        """Compare the score with the best, which is known by now."""
        if self.pace is None:
            return
        self.pace.end_validation()
        for name, best in best_scores(runner).items():
            now = runner.message_hub.get_scalar(f'val/{name}').current()
            runner.logger.info(
                f'{name} {now:.4f} at iteration {runner.iter:,}, best so far '
                f'{best:.4f}'
            )
        if self._told is False:
            self._tell(runner, runner.iter)

    def _left(self, runner: Any, done: int) -> float | None:
        loop = runner.train_loop
        return self.pace and self.pace.left(
            loop.max_iters - done, validations_left(loop)
        )

    def _tell(self, runner: Any, done: int) -> None:
        """Say how long the training takes, if more of it is known now."""
        if self.pace is None or not self.pace.ready:
            return
        count = validations_left(runner.train_loop)
        complete = count == 0 or self.pace.validation is not None
        if complete == self._told:
            return
        self._told = complete
        text = self.pace.estimate(runner.max_iters - done, count)
        memory = peak_memory()
        runner.logger.info(f'{text}; {memory} so far' if memory else text)

    def _show_part(self, what: str, done: int, total: int) -> None:
        """Show how far a validation or a test is."""
        if self.line.due:
            each = (time.monotonic() - self._begin) / done
            self._show(what, done, total, (total - done) * each, ())

    def _show(
        self,
        what: str,
        done: int,
        total: int,
        eta: float | None,
        facts: Sequence[str],
    ) -> None:
        full = '#' * (_CELLS * done // total)
        parts = [f'{what} [{full:.<{_CELLS}}] {done:,}/{total:,}']
        if eta is not None:
            parts.append(f'ETA {duration(eta)}')
        label = f'{self._label} ' if self._label else ''
        self.line.show(label + '  '.join([*parts, *facts]))


def _facts(runner: Any) -> list[str]:
    """Loss and best score of a training."""
    scalars = runner.message_hub.log_scalars
    facts = []
    if 'train/loss' in scalars:
        facts.append(f'loss {scalars["train/loss"].mean(_RECENT):.4f}')
    for name, best in best_scores(runner).items():
        facts.append(f'best {best:.4f} {name}')
    return facts
