"""Networks compiled for their training."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS
from torch import nn

from mmseg_medical.engine.wrapping import within
from mmseg_medical.errors import InputError


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the parts of a network that take the time, for training.

    By ``torch.compile``, in place: names of weights do not change. Losses,
    the optimizer and, with torch 2.6 or later, validations stay as they are,
    since images of many sizes would be compiled again and again. Where
    nothing can be compiled, for want of a compiler, the log says so and the
    training goes on without.

    Args:
        parts: Names of the parts; those that a model lacks are left out.
        options: Arguments of ``torch.compile``, as ``mode`` and ``backend``.

    Raises:
        InputError: If the model has none of the parts.

    Example:
        >>> custom_hooks = [dict(type='CompileHook', mode='max-autotune')]
    """

    def __init__(
        self,
        parts: Sequence[str] = ('backbone', 'neck', 'decode_head'),
        **options: Any,
    ) -> None:
        self.parts = parts
        self.options = options

    def before_train(self, runner: Any) -> None:
        modules = dict(self._modules(within(runner.model)))
        if not modules:
            raise InputError(
                f'CompileHook: the model has none of {list(self.parts)}'
            )
        reason = why_not(get_device(), self.options)
        if reason is not None:
            print_log(
                f'nothing is compiled: torch.compile fails here ({reason})',
                logger='current',
            )
            return
        for module in modules.values():
            module.compile(**self.options)
        print_log(
            f'compiled: {", ".join(modules)}; the first iterations take long',
            logger='current',
        )

    def _modules(self, model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        for name in self.parts:
            part = getattr(model, name, None)
            if isinstance(part, nn.ModuleList):  # a cascade
                yield from ((f'{name}.{k}', m) for k, m in enumerate(part))
            elif part is not None:
                yield name, part

    def before_val(self, runner: Any) -> None:
        _set_stance('force_eager')

    def after_val(self, runner: Any) -> None:
        _set_stance('default')


def _set_stance(stance: str) -> None:
    if hasattr(torch.compiler, 'set_stance'):
        torch.compiler.set_stance(stance)


def why_not(device: str, options: dict[str, Any]) -> str | None:
    """Why ``torch.compile`` fails, in one line; None where it works.

    Args:
        device: Kind of device to compile for.
        options: Arguments of ``torch.compile``.
    """
    try:
        compiled = torch.compile(lambda x: x.sin() + 1, **options)
        compiled(torch.ones(2, device=device))
    except Exception as error:  # of dynamo, inductor, triton, the compiler
        lines = filter(None, map(str.strip, str(error).splitlines()))
        said = (line for line in lines if not line.endswith(' raised:'))
        return next(said, type(error).__name__)
    return None
