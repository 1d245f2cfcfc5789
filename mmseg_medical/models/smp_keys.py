"""Weights saved by segmentation-models-pytorch, under the names used here."""

from typing import Any

from torch import nn

PARTS = {
    'backbone': ('encoder',),
    'decode_head': ('decoder', 'segmentation_head'),
}


def rename_smp_keys(
    segmentor: nn.Module, state_dict: dict[str, Any], prefix: str, *_: Any
) -> None:
    """Hook that takes a plain ``state_dict`` of segmentation-models-pytorch.

    Registered by ``segmentor.register_load_state_dict_pre_hook``. Keys that
    begin with ``encoder.`` go to the backbone, those of ``decoder.`` and
    ``segmentation_head.`` to the decode head, where these parts have modules
    of that name; a ``classification_head.`` is left to be reported. Without
    the names of the parts, the keys of a checkpoint are smp's again.

    Args:
        segmentor: Model with ``backbone`` and ``decode_head``.
        state_dict: Weights by key; changed in place.
        prefix: What the keys of the segmentor begin with.
    """
    for part, modules in PARTS.items():
        for name in modules:
            old, new = f'{prefix}{name}.', f'{prefix}{part}.{name}.'
            if not hasattr(getattr(segmentor, part), name):
                continue
            for key in [key for key in state_dict if key.startswith(old)]:
                state_dict[new + key.removeprefix(old)] = state_dict.pop(key)
