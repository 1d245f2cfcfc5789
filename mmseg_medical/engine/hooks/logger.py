"""Logs that one process writes."""

from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import LoggerHook
from mmseg.registry import HOOKS


@HOOKS.register_module()
class SafeLoggerHook(LoggerHook):
    """mmengine's logger hook, for a test on several processes.

    mmengine lets all processes write the JSON file with the scores of a test,
    at the same time; what is left of it may be no JSON. Here one does.
    Arguments as of :class:`mmengine.hooks.LoggerHook`.

    Example:
        >>> default_hooks = dict(
        ...     logger=dict(type='SafeLoggerHook', interval=50)
        ... )
    """

    def after_test_epoch(
        self, runner: Any, metrics: dict[str, float] | None = None
    ) -> None:
        """Log the scores, and write them on the main process."""
        if is_main_process():
            super().after_test_epoch(runner, metrics)
