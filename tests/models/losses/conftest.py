"""Logits and targets of every task."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch


def scene(task, size=(8, 10), dtype=torch.float64):
    """Two images with every class; logits at random, the same every time.

    ``signs`` are the logits of a perfect prediction: 1 for the true class
    and -1 for the others.
    """
    height, width = size
    blocks = torch.zeros(2, 3, height, width, dtype=torch.bool)
    blocks[:, 0, 1:4, 1:6] = True
    blocks[:, 1, 3:7, 4:9] = True
    blocks[0, 2, height - 1, 0] = True
    blocks[1, 2, 2:5, 2:8] = True
    labels = torch.zeros(2, height, width, dtype=torch.long)
    for k in range(3):
        labels[blocks[:, k]] = k + 1
    if task == 'multilabel':
        target = blocks.to(dtype)
        signs = 2 * target - 1
    elif task == 'one_channel':
        target = (labels[:, None] > 0).to(dtype)
        signs = 2 * target - 1
    else:
        target = labels if task == 'multiclass' else (labels > 0).long()
        classes = 4 if task == 'multiclass' else 2
        members = torch.nn.functional.one_hot(target, classes)
        signs = 2 * members.permute(0, 3, 1, 2).to(dtype) - 1
    noise = torch.Generator().manual_seed(0)
    logits = torch.randn(signs.shape, generator=noise, dtype=torch.float64)
    return SimpleNamespace(
        logits=logits.to(dtype), target=target, signs=signs, dtype=dtype
    )


@pytest.fixture(name='scene')
def _scene() -> Callable[..., SimpleNamespace]:
    """Logits, target and signs of ``one_channel``, ``two_channels``, …"""
    return scene
