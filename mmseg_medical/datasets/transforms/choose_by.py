"""Other transforms for other organs, sources or scanners."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmcv.transforms import BaseTransform, Compose
from mmseg.registry import TRANSFORMS

from mmseg_medical.errors import InputError

Pipeline = Sequence[dict[str, Any]]


@TRANSFORMS.register_module()
class ChooseBy(BaseTransform):
    """Apply the transforms that belong to a value of the sample.

    Args:
        key: What of a sample decides, as ``'organ'`` or ``'data_source'``.
        transforms: Transforms for each value; ``[]`` for none.
        default: Transforms for all other values, also where a sample has no
            such key; None refuses them.

    Required keys: the one that ``key`` names; those of the transforms.

    Raises:
        InputError: If a value has no transforms and there is no default.

    Example:
        >>> dict(
        ...     type='ChooseBy',
        ...     key='data_source',
        ...     transforms=dict(HPA=[dict(type='StainJitter')]),
        ...     default=[],
        ... )
    """

    def __init__(
        self,
        key: str,
        transforms: Mapping[Any, Pipeline],
        *,
        default: Pipeline | None = None,
    ) -> None:
        self.key = key
        self.transforms = {v: Compose(p) for v, p in transforms.items()}
        self.default = None if default is None else Compose(default)

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        value = results.get(self.key)
        chosen = self.transforms.get(value, self.default)
        if chosen is None:
            name = results.get('where') or results.get('img_path', '')
            raise InputError(
                f'{name}: ChooseBy has no transforms for {self.key} '
                f'{value!r}, only for {list(self.transforms)}; add it, or '
                'default=[]'
            )
        return chosen(results)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(key={self.key!r}, '
            f'transforms={self.transforms}, default={self.default})'
        )
