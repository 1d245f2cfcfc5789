"""Statistics of batch norms, estimated anew for the weights that there are."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmseg.registry import DATA_SAMPLERS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from mmseg_medical.engine.loops import SeededLoader, draws_kept
from mmseg_medical.engine.samplers.decks import DeckSampler


def batch_norms(model: nn.Module) -> dict[str, _BatchNorm]:
    """Batch norms with statistics, by name."""
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, _BatchNorm) and module.running_mean is not None
    }


@torch.no_grad()
def reestimate(
    model: nn.Module, batches: Iterable[Any], *, names: Collection[str]
) -> None:
    """Replace statistics of batch norms by their means over batches.

    The network sees the batches as in a test, without dropout; the batch
    norms named see them as in a training. Each batch counts alike, and where
    several processes train, each of which has as many batches, they come to
    the same means. Norms that no batch reaches stay as they are. No draw of
    the caller changes, nor which parts are in training.

    Args:
        model: Segmentor on its device, without a distributed wrapper.
        batches: One or more batches as a loader gives them.
        names: Batch norms to estimate; see :func:`batch_norms`.

    Reference: Izmailov et al., UAI 2018, arXiv:1803.05407 (bn_update)
    """
    norms = [n for k, n in batch_norms(model).items() if k in names]
    modes = [(module, module.training) for module in model.modules()]
    before = [(norm.momentum, _state(norm)) for norm in norms]
    model.eval()
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
    try:
        with draws_kept():
            for batch in batches:
                data = model.data_preprocessor(batch, True)
                model(**data, mode='loss')  # through all heads
    finally:
        for module, mode in modes:
            module.training = mode
        for norm, (momentum, state) in zip(norms, before, strict=True):
            norm.momentum = momentum
            if not norm.num_batches_tracked:
                norm.load_state_dict(state, strict=False)
    for norm in norms:
        all_reduce(norm.running_mean, 'mean')
        all_reduce(norm.running_var, 'mean')


def _state(norm: nn.Module) -> dict[str, torch.Tensor]:
    return {name: buffer.clone() for name, buffer in norm.named_buffers()}


def statistics(
    model: nn.Module, names: Collection[str]
) -> dict[str, torch.Tensor]:
    """Buffers of some batch norms, named as in a ``state_dict``."""
    return {
        f'{name}.{key}': buffer
        for name, norm in batch_norms(model).items()
        if name in names
        for key, buffer in norm.named_buffers()
    }


def copy_statistics(
    source: nn.Module, target: nn.Module, names: Collection[str]
) -> None:
    """Give the batch norms of a copy of a model the statistics of it."""
    own = statistics(target, names)
    for name, buffer in statistics(source, names).items():
        own[name].copy_(buffer)


def recent_batches(runner: Any, count: int, iteration: int) -> Iterator[Any]:
    """The batches before an iteration of a run, with the same draws.

    They depend on the iteration alone, and are loaded beside those of the
    training, whose loader does not notice.

    Args:
        runner: Runner that trains.
        count: How many of them, together on all processes; the first of the
            run where it has not had as many.
        iteration: Number of the batch after them.
    """
    loader, cfg = runner.train_dataloader, runner.cfg.train_dataloader
    sampler = loader.sampler
    if not isinstance(sampler, DeckSampler):  # one iterator is all it has
        sampler = DATA_SAMPLERS.build(
            cfg.sampler,
            default_args=dict(dataset=loader.dataset, seed=runner.seed),
        )
    again = SeededLoader(
        DataLoader(
            loader.dataset,
            batch_size=cfg.batch_size,
            sampler=sampler,
            num_workers=loader.num_workers,
            collate_fn=loader.collate_fn,
        ),
        runner.seed,
    )
    share = -(-count // get_world_size())
    start = max(0, iteration - share)
    again.start_at(start, start + share)
    return iter(again)
