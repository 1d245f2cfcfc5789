"""SegFormer-B0.

Tissue of 512² and the loss of our configs. MMSegmentation's backbone and head
have the same weights as ours and, to rounding, give the same logits.
"""

import copy

import skimage.data
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from benchmarks.harness import Job
from mmseg_medical import config_path
from mmseg_medical.utils import register_all_modules


def jobs() -> list[Job]:
    """The head alone, a training step, inference."""
    register_all_modules()
    torch.manual_seed(0)
    cfg = Config.fromfile(config_path('_base_/models/segformer_mit_b0.py'))
    ours = MODELS.build(cfg.model)
    cfg.model.backbone.type = 'MixVisionTransformer'
    cfg.model.decode_head.type = 'SegformerHead'
    theirs = MODELS.build(cfg.model)
    theirs.load_state_dict(ours.state_dict())

    batch = _batch(ours, 2)
    single = _batch(ours, 1)['inputs']
    features = [
        x.detach().requires_grad_() for x in ours.extract_feat(batch['inputs'])
    ]
    for model in (ours, theirs):
        model.eval()
    torch.testing.assert_close(
        _infer(ours, single), _infer(theirs, single), atol=1e-5, rtol=0
    )
    return [
        Job(
            'head, forward and backward, 2 x 512²',
            lambda: _head(ours, features),
            {'MMSegmentation': lambda: _head(theirs, features)},
            1.9,
        ),
        Job(
            'training step, 2 x 512²',
            lambda: _train(ours, batch),
            {'MMSegmentation': lambda: _train(theirs, batch)},
            1.9,
        ),
        Job(
            'inference, 512²',
            lambda: _infer(ours, single),
            {'MMSegmentation': lambda: _infer(theirs, single)},
            1.5,
        ),
    ]


def _batch(model: nn.Module, count: int) -> dict:
    """Inputs (count, 3, 512, 512) and samples; the dark half is foreground."""
    img = skimage.data.immunohistochemistry()  # (512, 512, 3) RGB
    gray = torch.from_numpy(img.mean(2))
    mask = (gray < gray.median()).to(torch.uint8)[None]
    sample = SegDataSample(gt_sem_seg=PixelData(data=mask))
    inputs = torch.from_numpy(img).permute(2, 0, 1).flip(0)  # BGR
    return model.data_preprocessor(
        dict(
            inputs=[inputs.clone() for _ in range(count)],
            data_samples=[copy.deepcopy(sample) for _ in range(count)],
        ),
        True,
    )


def _head(model: nn.Module, features: list[torch.Tensor]) -> None:
    model.train()
    model.decode_head(features).sum().backward()


def _train(model: nn.Module, batch: dict) -> None:
    model.train()
    loss, _ = model.parse_losses(model.loss(**batch))
    model.zero_grad()
    loss.backward()


@torch.no_grad()
def _infer(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    model.eval()
    return model(inputs)
