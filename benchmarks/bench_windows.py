"""Sliding windows.

What windows of 512² at a stride of 384² cost around a network that answers at
once with a map it has ready: an image of bytes in, a map of bytes out. MONAI
and MMSegmentation take images of floats, so that the conversion is part of
their cost.
"""

import torch
from mmengine.config import ConfigDict
from mmseg.models import EncoderDecoder
from monai.inferers import sliding_window_inference

from benchmarks.harness import Job
from mmseg_medical.models.windows import Grid, predict_maps

CROP, STRIDE = (512, 512), (384, 384)
READY = {n: torch.rand(n, 1, *CROP) for n in (1, 2, 3, 4)}
NOTHING = {n: torch.empty(n, 0) for n in READY}


def ours(img, answer=lambda batch: READY[len(batch)]):
    """Map of an image (3, H, W) uint8."""

    def forward(windows):
        return answer(torch.stack(windows)), NOTHING[len(windows)]

    grid = Grid(CROP, STRIDE, weight='gaussian')
    maps = predict_maps([img], forward, grid, batch_size=4, dtype=torch.uint8)
    return next(maps)[0]


def monai(img, answer=lambda batch: READY[len(batch)]):
    """The same by MONAI."""
    out = sliding_window_inference(
        img[None].float(), CROP, 4, answer, overlap=0.25, mode='gaussian'
    )
    return out.mul_(255).add_(0.5).to(torch.uint8)[0]


class _Answering(EncoderDecoder):
    """MMSegmentation's windows around the same network."""

    def __init__(self, answer):
        torch.nn.Module.__init__(self)
        self.out_channels = 1
        self.answer = answer
        self.test_cfg = ConfigDict(mode='slide', crop_size=CROP, stride=STRIDE)

    def encode_decode(self, inputs, batch_img_metas):
        return self.answer(inputs)


def mmseg(img, answer=lambda batch: READY[len(batch)]):
    """The same by MMSegmentation."""
    out = _Answering(answer).slide_inference(
        img[None].float(), [dict(ori_shape=img.shape[1:])]
    )
    return out.mul_(255).add_(0.5).to(torch.uint8)[0]


def image(size):
    """Random bytes (3, size, size)."""
    return torch.randint(0, 256, (3, size, size), dtype=torch.uint8)


def jobs() -> list[Job]:
    """Time at 4096², memory at 8192²."""
    small = image(1100)
    for run in (ours, monai, mmseg):
        out = run(small, lambda batch: batch[:, :1].float() / 255)
        assert (out.int() - small[:1].int()).abs().max() <= 1, run
    img, large = image(4096), image(8192)
    return [
        Job(
            'windows over 4096²',
            lambda: ours(img),
            {'MONAI': lambda: monai(img)},
            5,
        ),
        Job(
            'windows over 4096², beside the stock segmentor',
            lambda: ours(img),
            {'MMSegmentation': lambda: mmseg(img)},
            25,
        ),
        Job(
            'windows over 8192², peak memory',
            lambda: ours(large),
            {'MONAI': lambda: monai(large)},
            5,
            memory=True,
        ),
    ]
