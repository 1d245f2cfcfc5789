"""Training and testing: loops, hooks, checkpoints."""

from mmseg_medical.engine import checkpoint, hooks, loops, mixed_precision

__all__ = ['checkpoint', 'hooks', 'loops', 'mixed_precision']
