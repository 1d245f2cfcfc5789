"""The end of a training that gets no better."""

from typing import Any

from mmengine.hooks import EarlyStoppingHook
from mmseg.registry import HOOKS

from mmseg_medical.engine.hooks.checkpoint import GREATER
from mmseg_medical.engine.wrapping import trains
from mmseg_medical.errors import InputError


@HOOKS.register_module()
class SafeEarlyStoppingHook(EarlyStoppingHook):
    """mmengine's early stopping, for trainings that are killed and resumed.

    How long a training has waited is part of its checkpoints, a test builds
    no training data, a score that is not there is refused, and the log says
    at which iteration and why a training stops. Each stage of a training and
    each fold stops for itself. ``rule`` need not be said for the scores of
    this package.

    Args:
        monitor: Name of the score of a validation.
        patience: Validations without a better score until it stops, >= 1.
        min_delta: What a score has to be better by, >= 0.
        kwargs: Arguments of :class:`mmengine.hooks.EarlyStoppingHook`.

    Raises:
        InputError: If an argument is out of range, there is no validation or
            it has no such score.

    Example:
        >>> custom_hooks = [dict(type='SafeEarlyStoppingHook', patience=10)]
    """

    _default_greater_keys = (
        *EarlyStoppingHook._default_greater_keys,
        *GREATER,
    )

    def __init__(
        self,
        monitor: str = 'dice_per_image',
        *,
        patience: int = 10,
        min_delta: float = 0.001,
        **kwargs: Any,
    ) -> None:
        for name, value, least in (
            ('patience', patience, 1),
            ('min_delta', min_delta, 0),
        ):
            if value < least:
                raise InputError(
                    f'SafeEarlyStoppingHook: {name} is {value}, expected '
                    f'{least} or more'
                )
        super().__init__(
            monitor, patience=patience, min_delta=min_delta, **kwargs
        )
        self._key = f'early_stopping_{monitor}'

    def _init_rule(self, monitor: str) -> str:
        if 'hausdorff' in monitor:
            return 'less'
        return str(super()._init_rule(monitor))

    def before_run(self, runner: Any) -> None:
        """Nothing: mmengine would build the training data of a test."""

    def before_train(self, runner: Any) -> None:
        """Take up the state of a training that is resumed."""
        if runner.val_loop is None:
            raise InputError(
                'SafeEarlyStoppingHook stops by the score of a validation, '
                'and the config validates nothing; set val_dataloader, '
                'val_cfg and val_evaluator'
            )
        if self._key in runner.message_hub.runtime_info:
            state = runner.message_hub.get_info(self._key)
            self.best_score, self.wait_count = state

    def after_val_epoch(
        self, runner: Any, metrics: dict[str, float] | None = None
    ) -> None:
        """Stop the training if it has waited long enough."""
        if not trains(runner):
            return
        metrics = metrics or {}
        if self.monitor not in metrics:
            raise InputError(
                f'SafeEarlyStoppingHook: the validation has no score '
                f'{self.monitor!r}; it has {", ".join(sorted(metrics))}'
            )
        score = float(metrics[self.monitor])
        stop, reason = self._check_stop_condition(score)
        runner.message_hub.update_info(
            self._key, [self.best_score, self.wait_count]
        )
        if stop:
            runner.train_loop.stop_training = True
            runner.logger.info(
                f'the training stops at iteration {runner.iter:,} of '
                f'{runner.max_iters:,}: {self.monitor} is {score:.4f}, '
                f'{reason.strip()}'
            )
