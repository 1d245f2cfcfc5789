"""Tiny trees that no owner publishes."""

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def tree(tmp_path) -> Callable[..., Path]:
    """Write images and masks by their paths: masks are named so."""

    def write(*names: str, masks: Iterable[str] = (), values=(0, 1)) -> Path:
        root = tmp_path / 'data'
        rng = np.random.default_rng(0)
        for name in (*names, *masks):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            img = rng.integers(0, 255, (12, 16, 3)).astype(np.uint8)
            if name in masks:
                img = np.full((12, 16), values[0], np.uint8)
                for k, value in enumerate(values[1:], 1):
                    img[2 * k : 2 * k + 2] = value
            cv2.imwrite(str(path), img)
        return root

    return write
