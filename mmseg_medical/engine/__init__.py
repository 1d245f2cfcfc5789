"""Training and testing: loops, hooks, checkpoints."""

from mmseg_medical.engine import checkpoint, hooks, loops

__all__ = ['checkpoint', 'hooks', 'loops']
