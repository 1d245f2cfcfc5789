"""Optimizers of timm by name, imported when one is built."""

from collections.abc import Callable
from typing import Any

from mmengine.registry import OPTIMIZERS
from torch.optim import Optimizer

from mmseg_medical._optional import optional
from mmseg_medical.errors import InputError

# Those of torch (AdamW, RAdam, NAdam …) are registered by mmengine.
NAMES = (
    *('AdaBelief', 'AdamP', 'Adan', 'Adopt', 'LaProp', 'Lamb', 'Lars'),
    *('Lion', 'MADGRAD', 'Mars', 'NAdamW', 'NvNovoGrad', 'SGDP', 'SGDW'),
)


def timm_optimizer(name: str) -> Callable[..., Optimizer]:
    """A function that builds an optimizer of timm.

    Args:
        name: Name of its class in ``timm.optim``.

    Returns:
        Function of the parameters and the options of the class. It raises
        ImportError if timm is not installed, and InputError if its version
        has no such optimizer.

    Example:
        >>> optim_wrapper = dict(
        ...     type='OptimWrapper',
        ...     optimizer=dict(type='AdaBelief', lr=1e-4, rectify=False),
        ... )
    """

    def build(params: Any, **options: Any) -> Optimizer:
        timm = optional('timm', extra='smp')
        kind = getattr(optional('timm.optim', extra='smp'), name, None)
        if kind is None:
            raise InputError(
                f'timm {timm.__version__} has no optimizer {name}; update '
                'timm, or set another optim_wrapper.optimizer.type'
            )
        optimizer: Optimizer = kind(params, **options)
        return optimizer

    build.__name__ = name
    return build


for _name in NAMES:
    if _name not in OPTIMIZERS.module_dict:  # of another package
        OPTIMIZERS.register_module(name=_name, module=timm_optimizer(_name))
