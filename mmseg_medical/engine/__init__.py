"""Training and testing: loops, hooks, checkpoints, optimizers."""

from mmseg_medical.engine import (
    checkpoint,
    hooks,
    loops,
    mixed_precision,
    optimizers,
    samplers,
)

__all__ = [
    'checkpoint',
    'hooks',
    'loops',
    'mixed_precision',
    'optimizers',
    'samplers',
]
