"""Training and testing: loops, hooks, checkpoints, optimizers."""

from mmseg_medical.engine import (
    checkpoint,
    hooks,
    loops,
    mixed_precision,
    optimizers,
)

__all__ = ['checkpoint', 'hooks', 'loops', 'mixed_precision', 'optimizers']
