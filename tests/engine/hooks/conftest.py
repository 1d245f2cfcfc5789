"""A training of a few iterations, with batch norm."""

from collections.abc import Callable
from typing import Any

import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical.apis import load_config, train


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


@pytest.fixture
def run(hubmap, tiny_config, small_network, tmp_path) -> Callable[..., Any]:
    """Train a small network with batch norm; gives the runner."""

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
        return train(cfg, resume=resume, pretrained=False)

    return start
