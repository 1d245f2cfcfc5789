"""A training of a few iterations, with batch norm."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from mmseg_medical.apis import load_config, train


@pytest.fixture
def run(hubmap, tiny_config, small_network, tmp_path) -> Callable[..., Any]:
    """Train a small network with batch norm; gives the runner."""
    numbers = itertools.count()

    def start(
        iterations: int = 4,
        extra: str = '',
        *,
        work_dir: str = 'work',
        resume: bool = False,
        **options: Any,
    ) -> Any:
        cfg = load_config(
            tiny_config(hubmap(), iterations, small_network + extra),
            work_dir=str(tmp_path / work_dir),
            options=options,
        )
        # mmengine tells runs apart by this and the second.
        cfg.experiment_name = f'{tmp_path.name}_{work_dir}_{next(numbers)}'
        return train(cfg, resume=resume, pretrained=False)

    return start
