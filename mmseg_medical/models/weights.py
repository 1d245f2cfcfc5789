"""Weights of a segmentor from a file, all of them or none."""

from collections.abc import Sequence
from typing import Any

from mmengine.runner import load_checkpoint

from mmseg_medical.engine.checkpoint import check_meta, check_weights
from mmseg_medical.models.smp_keys import rename_smp_keys


def load_weights(
    model: Any, path: str, *, classes: Sequence[str] | None = None
) -> dict[str, Any]:
    """Load a checkpoint into a segmentor that has a task.

    Args:
        model: Segmentor; changed in place.
        path: File or address.
        classes: Names of its classes; None where they are not known.

    Returns:
        ``meta`` of the checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it is of another model, another task or other
            classes, or cannot be read.
    """
    loaded = load_checkpoint(model, path, map_location='cpu')
    weights = dict(loaded.get('state_dict', loaded))
    rename_smp_keys(model, weights, '')
    check_weights(weights, model, path)
    meta: dict[str, Any] = loaded.get('meta', {})
    check_meta(meta, model.task.name, classes, path)
    return meta
