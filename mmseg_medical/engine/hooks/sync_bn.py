"""Batch norms over all processes, where that helps."""

from typing import Any

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import convert_sync_batchnorm
from mmseg.registry import HOOKS
from torch import nn

from mmseg_medical._optional import optional
from mmseg_medical.engine.batch_norm import batch_norms
from mmseg_medical.engine.wrapping import trains, within, wrap_again


@HOOKS.register_module()
class SyncBNHook(Hook):
    """Normalise by the batches of all processes, if each is small.

    Costs communication in each layer, so batch norms are left as they are
    where one process trains, where each sees more than ``max_batch_size``
    images at once, on a CPU, and in networks without any (group norm). The
    log says which it was. mmengine's key ``sync_bn`` does it in any case, and
    loses the activations within the batch norms of timm.

    Args:
        max_batch_size: Images of one process up to which it helps.

    Example:
        >>> custom_hooks = [dict(type='SyncBNHook')]
    """

    priority = 'VERY_HIGH'  # before other hooks copy the model

    def __init__(self, max_batch_size: int = 8) -> None:
        self.max_batch_size = max_batch_size

    def before_run(self, runner: Any) -> None:
        if not trains(runner):
            return
        model = within(runner.model)
        reason = self.why_not(
            model, get_world_size(), runner.train_dataloader.batch_size
        )
        if reason is not None:
            print_log(
                f'batch norms stay those of each process: {reason}',
                logger='current',
            )
            return
        count = len(batch_norms(model))
        synchronize(model)
        wrap_again(runner)
        print_log(
            f'{count} batch norms are synchronized over {get_world_size()} '
            'processes',
            logger='current',
        )

    def why_not(
        self, model: nn.Module, processes: int, batch_size: int
    ) -> str | None:
        """Why it would not help; None where it does.

        Args:
            model: Model on its device.
            processes: How many of them train.
            batch_size: Images of one process in an iteration.
        """
        norms = batch_norms(model)
        if not norms:
            return 'the model has none'
        if processes == 1:
            return 'one process trains'
        devices = {norm.running_mean.device.type for norm in norms.values()}
        if 'cpu' in devices:
            return 'torch synchronizes them on GPUs only'
        if batch_size > self.max_batch_size:
            return (
                f'{batch_size} images of a process are enough (more than '
                f'max_batch_size={self.max_batch_size})'
            )
        return None


def synchronize(model: nn.Module) -> None:
    """Replace the batch norms in a model, with the same parameters."""
    kinds = {type(module).__module__ for module in model.modules()}
    if any(kind.startswith('timm.') for kind in kinds):
        # Some have an activation, which only timm keeps.
        optional('timm.layers', extra='smp').convert_sync_batchnorm(model)
    else:
        convert_sync_batchnorm(model)
