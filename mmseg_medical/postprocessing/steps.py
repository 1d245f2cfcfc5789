"""The steps of a pipeline by name, each with its parameters."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.dense_crf import dense_crf
from mmseg_medical.postprocessing.gate import gate
from mmseg_medical.postprocessing.morphology import (
    close_mask,
    open_mask,
    shrink,
)
from mmseg_medical.postprocessing.parameters import (
    Meta,
    check_value,
    choices,
    value_for,
)
from mmseg_medical.postprocessing.parts import (
    fill_holes,
    keep_largest,
    remove_small,
)
from mmseg_medical.postprocessing.presence import smooth_presence
from mmseg_medical.postprocessing.thresholds import (
    argmax,
    check_pairs,
    doublet,
    hysteresis,
    threshold,
    triplet,
)
from mmseg_medical.postprocessing.watershed import watershed

# What a step is given stands in its positional arguments.
STEPS: dict[str, Callable[..., Any]] = dict(
    threshold=threshold,
    triplet=triplet,
    doublet=doublet,
    hysteresis=hysteresis,
    argmax=argmax,
    dense_crf=dense_crf,
    fill_holes=fill_holes,
    remove_small=remove_small,
    keep_largest=keep_largest,
    open=open_mask,
    close=close_mask,
    shrink=shrink,
    watershed=watershed,
    gate=gate,
    smooth_presence=smooth_presence,
)


class Step:
    """A step with its parameters.

    Args:
        config: ``type``, one of :data:`STEPS`, and parameters. Each is a
            value, or values by class or by metadata of the image, as
            ``mask_thr={'organ': {'lung': 0.2, '*': 0.4}}``; ``'*'`` is any
            other. They may be nested.
        labels: Names of the classes that have a mask.

    Raises:
        InputError: If the step, a parameter or a class is unknown, or a value
            is out of its range; the message names it and the choices.
    """

    def __init__(
        self, config: Mapping[str, Any], labels: Sequence[str]
    ) -> None:
        if not isinstance(config, Mapping) or 'type' not in config:
            raise InputError(
                "a step of post-processing is a dict as dict(type='threshold',"
                f' mask_thr=0.5), got {config!r}'
            )
        self.parameters = {k: v for k, v in config.items() if k != 'type'}
        self.name = config['type']
        if self.name not in STEPS:
            raise InputError(
                f'{self.name!r} is no step of post-processing; '
                f'{choices(str(self.name), STEPS)}'
            )
        self.function = STEPS[self.name]
        signature = inspect.signature(self.function).parameters.values()
        # Parameters and their defaults.
        self.known = {
            p.name: p.default for p in signature if p.kind == p.KEYWORD_ONLY
        }
        self.inputs = [p.name for p in signature if p.name not in self.known]
        for key, value in self.parameters.items():
            self._check(key, value, labels)
        for key, default in self.known.items():
            if default is inspect.Parameter.empty and key not in config:
                raise InputError(f'{self.name} needs the parameter {key}')
        pairs = [
            self.option(key) for key in ('high', 'low') if key in self.known
        ]
        if pairs and not any(isinstance(one, Mapping) for one in pairs):
            check_pairs(*pairs)

    def _check(self, key: str, value: Any, labels: Sequence[str]) -> None:
        if key not in self.known:
            raise InputError(
                f'{self.name} has no parameter {key!r}; '
                f'{choices(key, self.known)}'
            )
        where, optional = f'{self.name}.{key}', self.known[key] is None
        check_value(where, value, labels, optional=optional)
        if self.starts and _may_be_none(value):
            raise InputError(
                f'{where} has None for some images, and without this step '
                'there are no masks; give a value'
            )

    @property
    def starts(self) -> bool:
        """Whether it makes masks of probabilities."""
        return not {'mask', 'volume'} & {*self.inputs}

    @property
    def per_class(self) -> bool:
        """Whether it takes one class after another."""
        return bool({'probs', 'mask', 'volume'} & {*self.inputs})

    @property
    def of_volume(self) -> bool:
        """Whether it needs all slices of a volume."""
        return 'volume' in self.inputs

    def option(self, key: str) -> Any:
        """A parameter, or its default."""
        return self.parameters.get(key, self.known[key])

    def __call__(
        self, given: Mapping[str, Any], meta: Meta, label: str = ''
    ) -> Any:
        """Apply it.

        Args:
            given: What it may ask for, by the names of its arguments.
            meta: Metadata of the image.
            label: Name of the class.

        Returns:
            What the function returns; the mask as it was where a value by
            class or metadata is None.

        Raises:
            InputError: If a value depends on what the image has not.
        """
        values = {}
        for key, value in self.parameters.items():
            where = f'{self.name}.{key}'
            values[key] = value_for(where, value, {**meta, 'class': label})
            if values[key] is None and isinstance(value, Mapping):
                return given[self.inputs[0]]
        return self.function(*(given[key] for key in self.inputs), **values)


def _may_be_none(value: Any) -> bool:
    """Whether a value that is chosen by something is None for some."""
    if not isinstance(value, Mapping):
        return False
    parts = [one for by in value.values() for one in by.values()]
    return None in parts or any(map(_may_be_none, parts))
