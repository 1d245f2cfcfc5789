"""What makes a training faster, as keys of a config."""

from typing import Any

from mmengine.config import Config

from mmseg_medical.errors import InputError

WRAPPERS = ('OptimWrapper', 'AmpOptimWrapper', 'MixedPrecisionOptimWrapper')


def speed_up(
    cfg: Config,
    *,
    precision: str | None = None,
    channels_last: bool = False,
    compile_parts: bool = False,
    sync_bn: bool = False,
) -> None:
    """Set the keys of a config that make a training faster.

    Each of them falls back, with one message in the log, where the machine
    cannot do it.

    Args:
        cfg: Config of a training; changed in place.
        precision: ``'bf16'``, ``'fp16'`` or ``'fp32'`` of the network, by
            :class:`MixedPrecisionOptimWrapper`; None leaves it as it is.
        channels_last: Memory format of weights and maps, by the key of
            :class:`MedicalSegmentor`.
        compile_parts: Compile the network, by :class:`CompileHook`.
        sync_bn: Batch norms over all processes, by :class:`SyncBNHook`.

    Raises:
        InputError: If the config has another optimizer wrapper, or another
            segmentor.
    """
    if precision is not None:
        wrapper = cfg.optim_wrapper
        kind = wrapper.get('type', 'OptimWrapper')
        if kind not in WRAPPERS:
            raise InputError(
                f'--precision replaces OptimWrapper, the config has {kind}; '
                'set the precision in its optim_wrapper'
            )
        wrapper.pop('dtype', None)  # of AmpOptimWrapper
        wrapper.update(type=WRAPPERS[-1], precision=precision)
    if channels_last:
        kind = str(cfg.model.get('type'))
        if kind.rpartition('.')[2] != 'MedicalSegmentor':
            raise InputError(
                f'--channels-last is a key of MedicalSegmentor, model.type is '
                f'{kind}'
            )
        cfg.model.channels_last = True
    hooks: list[Any] = list(cfg.get('custom_hooks') or [])
    there = [hook.get('type') for hook in hooks]
    for wanted, kind in (
        (compile_parts, 'CompileHook'),
        (sync_bn, 'SyncBNHook'),
    ):
        if wanted and kind not in there:
            cfg.custom_hooks = hooks = [*hooks, dict(type=kind)]
