"""Parts of a network that do not learn, for a while or at all."""

import difflib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS
from torch import nn

from mmseg_medical.engine.wrapping import trains, within, wrap_again
from mmseg_medical.errors import InputError


@HOOKS.register_module()
class FreezeHook(Hook):
    """Freeze parts of the network from one iteration until another.

    What is frozen has no gradient: neither weight decay nor momentum moves
    it. Batch norms in it keep their statistics. Parameters that the network
    itself froze stay so. Several hooks may freeze one part at different
    times; it learns while none of them does.

    Args:
        patterns: Names of modules, which stand for all in them, or of
            parameters, as ``'backbone'``, ``'backbone.encoder.layer1'`` or
            ``'backbone.*.bias'``. ``*``, ``?`` and ``[12]`` are those of a
            shell; ``*`` goes over dots.
        begin: Iteration from which they are frozen, >= 0.
        end: Iteration from which they learn, above ``begin``; None is never.

    Raises:
        InputError: If a pattern matches nothing, nothing is left that learns,
            or ``end`` comes before ``begin``.

    Example:
        >>> custom_hooks = [
        ...     dict(type='FreezeHook', patterns=['backbone'], end=2000)
        ... ]
    """

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        begin: int = 0,
        end: int | None = None,
    ) -> None:
        self.patterns = [patterns] if isinstance(patterns, str) else patterns
        if begin < 0 or (end is not None and end <= begin):
            raise InputError(
                f'FreezeHook freezes from begin={begin} until end={end}: give '
                '0 <= begin < end, or no end'
            )
        self.begin = begin
        self.end = end
        self.frozen = False

    def active(self, iteration: int) -> bool:
        """Whether an iteration is one of those that this hook freezes."""
        return self.begin <= iteration and (
            self.end is None or iteration < self.end
        )

    def before_run(self, runner: Any) -> None:
        # Before any of these hooks freezes: what learns by the config. The
        # optimizer has been built, so that it knows all of them.
        if trains(runner):
            model = within(runner.model)
            _check(self.patterns, model)
            self.parameters = [
                parameter
                for name, parameter in model.named_parameters()
                if self._matches(name) and parameter.requires_grad
            ]

    def before_train(self, runner: Any) -> None:
        self._update(runner)

    def before_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None
    ) -> None:
        self._update(runner)

    def _update(self, runner: Any) -> None:
        if self.frozen != self.active(runner.iter):
            self.frozen = not self.frozen
            self._change(runner)
        if self.frozen:  # model.train() in every iteration has undone it
            for norm in self.norms:
                norm.eval()

    def _change(self, runner: Any) -> None:
        model = within(runner.model)
        held = {
            id(parameter)
            for hook in runner.hooks
            if isinstance(hook, FreezeHook) and hook.active(runner.iter)
            for parameter in hook.parameters
        }
        for parameter in self.parameters:
            parameter.requires_grad_(id(parameter) not in held)
            if id(parameter) in held:
                parameter.grad = None  # of iterations that are accumulated
        learning = [p for p in model.parameters() if p.requires_grad]
        if not learning:
            raise InputError(
                f'FreezeHook(patterns={self.patterns}) leaves nothing to '
                'learn; freeze less'
            )
        wrap_again(runner)
        self.norms = list(self._norms(model))
        print_log(
            f'iteration {runner.iter}: {", ".join(self.patterns)} '
            f'{"frozen" if self.frozen else "learning"}, '
            f'{sum(p.numel() for p in learning):,} of '
            f'{sum(p.numel() for p in model.parameters()):,} weights learn',
            logger='current',
        )

    def _norms(self, model: nn.Module) -> Iterator[nn.Module]:
        """Norms with statistics all parameters of which are frozen."""
        for name, module in model.named_modules():
            if getattr(module, 'running_mean', None) is not None:
                own = [f'{name}.{k}' for k, _ in module.named_parameters()]
                if all(map(self._matches, own or [name])):
                    yield module

    def _matches(self, name: str) -> bool:
        return any(_matches(name, pattern) for pattern in self.patterns)


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern is of a name, or of a module above it."""
    return any(fnmatchcase(part, pattern) for part in _upwards(name))


def _upwards(name: str) -> list[str]:
    """A name and those of the modules above it."""
    parts = name.split('.')
    return ['.'.join(parts[:k]) for k in range(len(parts), 0, -1)]


def _check(patterns: Sequence[str], model: nn.Module) -> None:
    names = [name for name, _ in model.named_parameters()]
    known = sorted({part for name in names for part in _upwards(name)})
    for pattern in patterns:
        if any(_matches(name, pattern) for name in names):
            continue
        near = difflib.get_close_matches(pattern, known, 4, 0.4)
        near = near or [name for name in known if '.' not in name]
        raise InputError(
            f'FreezeHook: {pattern!r} is no part of this model that learns; '
            f'near it are {", ".join(near)}'
        )
