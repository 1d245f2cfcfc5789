"""Logs that one process writes, each number under its own name."""

from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import LoggerHook
from mmseg.registry import HOOKS

from mmseg_medical.engine.wrapping import trains


@HOOKS.register_module()
class SafeLoggerHook(LoggerHook):
    """mmengine's logger hook, mended in two places.

    mmengine lets all processes write the JSON file with the scores of a test,
    at the same time; what is left of it may be no JSON. Here one does. And it
    logs the ``time`` and ``data_time`` of a validation into the curves of the
    training; here they are ``val_time`` and ``val_data_time``. Arguments as of
    :class:`mmengine.hooks.LoggerHook`.

    Example:
        >>> default_hooks = dict(
        ...     logger=dict(type='SafeLoggerHook', interval=50)
        ... )
    """

    def after_val_epoch(
        self, runner: Any, metrics: dict[str, float] | None = None
    ) -> None:
        tags, text = runner.log_processor.get_log_after_epoch(
            runner, len(runner.val_dataloader), 'val'
        )
        runner.logger.info(text)
        step = 0
        if trains(runner):
            step = runner.epoch if self.log_metric_by_epoch else runner.iter
        for name in ('time', 'data_time'):
            if name in tags:
                tags[f'val_{name}'] = tags.pop(name)
        runner.visualizer.add_scalars(
            tags, step=step, file_path=self.json_log_path
        )

    def after_test_epoch(
        self, runner: Any, metrics: dict[str, float] | None = None
    ) -> None:
        """Log the scores, and write them on the main process."""
        if is_main_process():
            super().after_test_epoch(runner, metrics)
