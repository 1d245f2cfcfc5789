"""The mean of the weights of several checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmseg_medical.converters.lineage import together
from mmseg_medical.engine.checkpoint import CheckpointError, load_checkpoint


def average_checkpoints(
    paths: Sequence[str | Path], *, trust: bool = False
) -> tuple[dict[str, Any], set[str]]:
    """Average the weights of checkpoints of one network and one task.

    Files are read one after another. What is no float, as the counters of
    batch norms, is that of the first file.

    Args:
        paths: Files, at least one.
        trust: Load files that hold more than weights and logs.

    Returns:
        A checkpoint: ``state_dict``, and the first file's ``meta`` with
        ``averaged``, the names of the files, and with the lineage of all of
        them; and the names of the batch norms
        whose statistics differ between files, for which there are no right
        ones yet (see :func:`mmseg_medical.engine.batch_norm.reestimate`).

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If a file cannot be read, or is of another
            architecture, task or classes than the first.
    """
    first, *others = paths
    meta, weights = _load(first, trust)
    sums = {
        name: weight.double() if weight.is_floating_point() else weight
        for name, weight in weights.items()
    }
    metas = [meta]
    for path in others:
        other_meta, other = _load(path, trust)
        metas.append(other_meta)
        _check_weights(path, other, first, weights)
        _check_labels(path, other_meta, first, meta)
        for name, weight in other.items():
            if weight.is_floating_point():
                sums[name] = sums[name] + weight
    mean = {
        name: (total / len(paths)).to(weights[name].dtype)
        if total.is_floating_point()
        else total
        for name, total in sums.items()
    }
    suffix = '.running_mean'
    moved = {
        name.removesuffix(suffix)
        for name in mean
        if name.endswith(suffix) and not torch.equal(mean[name], weights[name])
    }
    averaged = [Path(path).name for path in paths]
    meta = {**meta, **together(metas), 'averaged': averaged}
    return dict(meta=meta, state_dict=mean), moved


def _load(
    path: str | Path, trust: bool
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    loaded = load_checkpoint(path, trust=trust)
    return loaded.get('meta', {}), loaded.get('state_dict', loaded)


def _check_weights(
    path: str | Path,
    weights: dict[str, Tensor],
    first: str | Path,
    expected: dict[str, Tensor],
) -> None:
    lone = sorted(weights.keys() ^ expected.keys())
    if lone:
        where = path if lone[0] in weights else first
        raise CheckpointError(
            f'{first} and {path} are of two architectures: {len(lone)} '
            f'weights are in one of them only, {lone[0]} in {where}; average '
            'checkpoints of one network'
        )
    for name, weight in weights.items():
        if weight.shape != expected[name].shape:
            raise CheckpointError(
                f'{first} and {path} are of two architectures: {name} is '
                f'{tuple(expected[name].shape)} in one and '
                f'{tuple(weight.shape)} in the other; average checkpoints of '
                'one network'
            )


def _check_labels(
    path: str | Path, meta: Any, first: str | Path, expected: Any
) -> None:
    classes, first_classes = (
        (m.get('dataset_meta') or {}).get('classes') for m in (meta, expected)
    )
    for what, there, here in (
        ('task', meta.get('task'), expected.get('task')),
        ('classes', classes, first_classes),
    ):
        if there and here and tuple(there) != tuple(here):
            raise CheckpointError(
                f'{first} was trained for {what} {here!r}, {path} for '
                f'{there!r}; average checkpoints of one task'
            )
