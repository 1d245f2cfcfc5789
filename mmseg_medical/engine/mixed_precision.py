"""Training in half precision, on a GPU or a CPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS
from torch import Tensor, nn

from mmseg_medical.errors import InputError

DTYPES = {'bf16': torch.bfloat16, 'fp16': torch.float16}
PRECISIONS = ('fp32', *DTYPES)


@OPTIM_WRAPPERS.register_module()
class MixedPrecisionOptimWrapper(OptimWrapper):
    """mmengine's wrapper of an optimizer, with the network in 16 bits.

    mmengine's ``AmpOptimWrapper`` needs a GPU and scales losses for bf16 as
    well, which has the range of fp32. Here bf16 trains on a CPU too. Where
    there is no GPU, fp16 is replaced by fp32, and bf16 by fp16 on a GPU that
    has no bf16; the log says so.

    Args:
        precision: ``'bf16'``, ``'fp16'`` or ``'fp32'``; weights, optimizer
            and losses are in fp32.
        loss_scale: For fp16: ``'dynamic'``, or arguments of
            ``torch.amp.GradScaler``.
        kwargs: Arguments of :class:`mmengine.optim.OptimWrapper`, as
            ``accumulative_counts`` and ``clip_grad``.

    Raises:
        InputError: If there is no such precision.

    Example:
        >>> optim_wrapper = dict(
        ...     type='MixedPrecisionOptimWrapper',
        ...     precision='bf16',
        ...     optimizer=dict(type='AdamW', lr=1e-4),
        ...     clip_grad=dict(max_norm=1.0),
        ... )
    """

    def __init__(
        self,
        precision: str = 'bf16',
        *,
        loss_scale: str | dict[str, Any] = 'dynamic',
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if precision not in PRECISIONS:
            raise InputError(
                f'optim_wrapper.precision is {precision!r}, expected one of '
                f'{PRECISIONS}'
            )
        self.device = get_device()
        self.precision = usable_precision(precision, self.device)
        if self.precision != precision:
            print_log(
                f'training in {self.precision}: the {self.device} has no '
                f'{precision} that a training could use',
                logger='current',
            )
        options = {} if loss_scale == 'dynamic' else dict(loss_scale)
        self.loss_scaler = torch.amp.GradScaler(
            self.device, enabled=self.precision == 'fp16', **options
        )

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        dtype = DTYPES.get(self.precision)
        with (
            super().optim_context(model),
            torch.autocast(self.device, dtype, enabled=dtype is not None),
        ):
            yield

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        super().backward(self.loss_scaler.scale(loss), **kwargs)

    def step(self, **kwargs: Any) -> None:
        """Clip the gradients, if that is wanted, and update the weights."""
        if self.clip_grad_kwargs:
            self.loss_scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update()

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = super().state_dict()
        if self.loss_scaler.is_enabled():
            state['loss_scaler'] = self.loss_scaler.state_dict()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        scale = state_dict.pop('loss_scaler', None)
        if scale and self.loss_scaler.is_enabled():
            self.loss_scaler.load_state_dict(scale)
        super().load_state_dict(state_dict)


def usable_precision(precision: str, device: str) -> str:
    """The precision itself, or what a device trains in instead of it.

    Args:
        precision: ``'bf16'``, ``'fp16'`` or ``'fp32'``.
        device: Kind of device, as ``'cuda'`` or ``'cpu'``.
    """
    if precision == 'bf16' and device == 'cuda':
        supported = torch.cuda.is_bf16_supported(including_emulation=False)
        return 'bf16' if supported else 'fp16'
    if precision == 'fp16' and device != 'cuda':
        return 'fp32'
    return precision
