"""Average checkpoints that lie on the disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmseg_medical._files import replacing
from mmseg_medical.apis.config import drop_pretrained
from mmseg_medical.engine.averaging import average_checkpoints
from mmseg_medical.engine.batch_norm import reestimate, statistics
from mmseg_medical.engine.checkpoint import check_meta, check_weights
from mmseg_medical.engine.loops import seeded_loader
from mmseg_medical.errors import InputError


def average(
    paths: Sequence[str],
    out: str | Path,
    *,
    cfg: Config | None = None,
    num_batches: int = 50,
    trust_checkpoint: bool = False,
) -> set[str]:
    """Write the average of checkpoints, to be tested as any of them.

    Args:
        paths: Two files or more, of one network and task.
        out: File to write: weights and what they are for.
        cfg: Config of their training, for the training batches that batch
            norms are estimated on; without it their statistics are averaged
            as the weights are.
        num_batches: How many of these batches.
        trust_checkpoint: Load files that hold more than weights.

    Returns:
        Batch norms whose statistics are averages, for want of ``cfg``.

    Raises:
        InputError: If there are fewer than two files, or they do not fit
            each other or the config.
    """
    if len(paths) < 2:
        raise InputError(
            f'an average needs two checkpoints or more, got {len(paths)}'
        )
    if num_batches < 1:
        raise InputError(f'num_batches is {num_batches}, expected 1 or more')
    checkpoint, moved = average_checkpoints(paths, trust=trust_checkpoint)
    if cfg is not None and moved:
        _estimate(checkpoint, moved, cfg, num_batches, paths[0])
        moved = set()
    with replacing(out) as temporary:
        torch.save(checkpoint, temporary)
    return moved


def _estimate(
    checkpoint: dict[str, Any],
    names: set[str],
    cfg: Config,
    num_batches: int,
    path: str,
) -> None:
    """Estimate batch norms on the last training batches of a config."""
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    drop_pretrained(cfg.model)
    model = MODELS.build(cfg.model).to(get_device())
    weights = checkpoint['state_dict']
    check_weights(weights, model, path)
    model.load_state_dict(weights)
    seed = cfg.get('randomness', {}).get('seed') or 0
    end = max(cfg.train_cfg.get('max_iters') or 0, num_batches)
    loader = seeded_loader(
        Runner.build_dataloader(cfg.train_dataloader, seed), seed, end
    )
    check_meta(
        checkpoint['meta'],
        model.task.name,
        loader.dataset.metainfo.get('classes'),
        path,
    )
    loader.start_at(end - num_batches, end)
    reestimate(model, loader, names=names)
    for name, buffer in statistics(model, names).items():
        weights[name] = buffer.cpu()
