"""Models in training: is there one, what is in its wrapper, a new wrapper."""

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def trains(runner: Any) -> bool:
    """Whether a runner was told to train, and not to test."""
    return isinstance(runner._train_loop, BaseLoop)  # built by train()


def within(model: nn.Module) -> nn.Module:
    """The model within a distributed wrapper, if it has one."""
    inner: nn.Module = model.module if is_model_wrapper(model) else model
    return inner


def wrap_again(runner: Any) -> None:
    """Build the distributed wrapper anew; nothing without one.

    ``DistributedDataParallel`` waits for a gradient of each parameter that
    wanted one when it was built, and for no other. It has to be built anew,
    on all processes, when parameters are frozen, learn again or are replaced.
    """
    if isinstance(runner.model, DistributedDataParallel):
        runner.model = runner.wrap_model(
            runner.cfg.get('model_wrapper_cfg'), runner.model.module
        )
