"""Batch norms that fit the weights which are validated and saved."""

from typing import Any

from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from mmseg_medical.engine.batch_norm import (
    batch_norms,
    copy_statistics,
    recent_batches,
    reestimate,
)
from mmseg_medical.engine.wrapping import within
from mmseg_medical.errors import InputError


@HOOKS.register_module()
class ReestimateBNHook(Hook):
    """Estimate batch norms anew before each validation and checkpoint.

    Running statistics lag behind the weights: by far where their momentum is
    small and the training short (0.01 in the EfficientNets of
    segmentation-models-pytorch), and always where weights are averaged
    (:class:`mmengine.hooks.EMAHook`), whose average is the one that is looked
    at. Here they become the mean over the batches that were trained on last.

    The estimates stay in the model. Training itself normalises by the batch,
    so that its losses are the same with and without them, and so are its
    random draws. Batch norms that do not learn statistics, as those that
    :class:`FreezeHook` holds, keep what they have.

    Args:
        num_batches: Training batches of an estimate, on all processes
            together.

    Raises:
        InputError: If ``num_batches`` is below 1.

    Example:
        >>> custom_hooks = [dict(type='ReestimateBNHook', num_batches=50)]
    """

    priority = 'LOW'  # after the average is updated, before it is saved

    def __init__(self, num_batches: int = 50) -> None:
        if num_batches < 1:
            raise InputError(
                f'ReestimateBNHook: num_batches is {num_batches}, expected 1 '
                'or more'
            )
        self.num_batches = num_batches
        self.iteration: int | None = None  # of the estimates there are

    def before_train(self, runner: Any) -> None:
        if not batch_norms(within(runner.model)):
            print_log(
                'ReestimateBNHook: the model has no batch norm, there is '
                'nothing to estimate',
                logger='current',
            )

    def after_train_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        if any(self._saves(runner, hook) for hook in runner.hooks):
            self._estimate(runner, runner.iter + 1)

    def before_val(self, runner: Any) -> None:
        if runner.iter:
            self._estimate(runner, runner.iter)

    def _saves(self, runner: Any, hook: Hook) -> bool:
        return (
            isinstance(hook, CheckpointHook)
            and not hook.by_epoch
            and (
                self.every_n_train_iters(
                    runner, hook.interval, hook.save_begin
                )
                or (hook.save_last and self.is_last_train_iter(runner))
            )
        )

    def _estimate(self, runner: Any, iteration: int) -> None:
        if iteration == self.iteration:
            return
        self.iteration = iteration
        model = within(runner.model)
        names = [k for k, norm in batch_norms(model).items() if norm.training]
        if not names:
            return
        averages = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
        for hook in averages:
            hook.before_val_epoch(runner)  # its weights come into the model
        reestimate(
            model,
            recent_batches(runner, self.num_batches, iteration),
            names=names,
        )
        for hook in averages:
            copy_statistics(model, hook.ema_model.module, names)
            hook.after_val_epoch(runner)
