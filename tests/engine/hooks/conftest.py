"""A training of a few iterations, with batch norm."""

from collections.abc import Callable
from typing import Any

import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical.apis import load_config, train

# A residual network with batch norm, and a head with some as well.
NETWORK = """
model = dict(
    backbone=dict(
        _delete_=True, type='ResNetV1c', depth=18, stem_channels=8,
        base_channels=4, norm_cfg=dict(type='BN'), out_indices=(0, 1, 2, 3),
    ),
    decode_head=dict(
        _delete_=True, type='FCNHead', in_channels=32, in_index=3,
        channels=8, num_convs=1, concat_input=False, dropout_ratio=0.1,
        norm_cfg=dict(type='BN'), num_classes=2,
        loss_decode=[dict(type='CELoss')],
    ),
)
train_pipeline[3].scale = (32, 32)
test_pipeline[1].scale = (32, 32)
"""


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


@pytest.fixture
def small_network() -> str:
    """Lines of a config for ``tiny_config``."""
    return NETWORK


@pytest.fixture
def run(hubmap, tiny_config, tmp_path, monkeypatch) -> Callable[..., Any]:
    """Train a small network with batch norm; gives the runner."""
    # Making configs in checkpoints pretty takes longer than training.
    monkeypatch.setattr(
        'yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, False)
    )

    def start(
        iterations: int = 4,
        extra: str = '',
        *,
        work_dir: str = 'work',
        resume: bool = False,
        **options: Any,
    ) -> Any:
        cfg = load_config(
            tiny_config(hubmap(), iterations, NETWORK + extra),
            work_dir=str(tmp_path / work_dir),
            options=options,
        )
        return train(cfg, resume=resume, pretrained=False)

    return start
