"""What people train without us: plain networks of other libraries.

None of them reads these files, so they get their images from our loaders:
crops, mirrored at random. They train with AdamW as ours do, and predict whole
images with a threshold of one half.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import mmseg
import segmentation_models_pytorch as smp
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    interpolate,
    pad,
)

from benchmarks.training.budget import Clock

# ImageNet's, of 8-bit colours.
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
LR = 1e-3
WARM_UP = 0.1  # of the time


class SMPUNet(nn.Module):
    """U-Net of segmentation-models-pytorch with its Dice loss and BCE.

    Args:
        encoder: Name of its encoder.
        channels: Channels of the images.
        classes: Foreground classes, which may overlap.
    """

    def __init__(self, encoder: str, channels: int, classes: int) -> None:
        super().__init__()
        self.network = smp.Unet(
            encoder,
            encoder_weights=None,
            in_channels=channels,
            classes=classes,
        )
        self.overlap = smp.losses.DiceLoss('multilabel')

    def forward(self, imgs: Tensor) -> Tensor:
        """Logits (N, K, H, W) of (N, C, H, W)."""
        return self.network(imgs)

    def loss(self, imgs: Tensor, masks: Tensor) -> Tensor:
        """Loss of images (N, C, H, W) and masks (N, K, H, W) of 0 and 1."""
        logits = self(imgs)
        pixels = binary_cross_entropy_with_logits(logits, masks)
        return self.overlap(logits, masks) + pixels

    def predict(self, imgs: Tensor) -> Tensor:
        """Probabilities (N, K, H, W)."""
        return self(imgs).sigmoid()


class StockSegFormer(nn.Module):
    """MMSegmentation's SegFormer-B0 from its own config, with its loss.

    It knows no classes that overlap: the last of those of a pixel counts.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        package = Path(mmseg.__file__).parent
        cfg = Config.fromfile(
            package / '.mim/configs/_base_/models/segformer_mit-b0.py'
        ).model
        cfg.backbone.update(in_channels=channels)
        cfg.decode_head.update(
            num_classes=classes + 1, norm_cfg=dict(type='BN')
        )
        cfg.data_preprocessor = None
        self.network = MODELS.build(cfg)
        self.network.init_weights()

    def forward(self, imgs: Tensor) -> Tensor:
        """Logits (N, 1 + K, H, W) of (N, C, H, W)."""
        logits = self.network._forward(imgs)
        return interpolate(logits, imgs.shape[2:], mode='bilinear')

    def loss(self, imgs: Tensor, masks: Tensor) -> Tensor:
        """Loss of images (N, C, H, W) and masks (N, K, H, W) of 0 and 1."""
        places = torch.arange(1, masks.shape[1] + 1).view(-1, 1, 1)
        return cross_entropy(self(imgs), (masks * places).amax(1).long())

    def predict(self, imgs: Tensor) -> Tensor:
        """1 where a class is the most likely one: (N, K, H, W)."""
        logits = self(imgs)
        best = logits.amax(1, keepdim=True)
        return (logits[:, 1:] == best).float()


PEERS: dict[str, Callable[[int, int], nn.Module]] = {
    'smp U-Net ResNet-18': lambda c, k: SMPUNet('resnet18', c, k),
    'smp U-Net EfficientNet-b1': lambda c, k: SMPUNet('efficientnet-b1', c, k),
    'mmseg SegFormer-B0': StockSegFormer,
}


def normalized(img: Tensor) -> Tensor:
    """Image (…, C, H, W) of 8 bits at about unit variance."""
    channels = img.shape[-3]
    mean, std = (
        torch.tensor(x if channels == 3 else [sum(x) / 3] * channels)
        for x in (MEAN, STD)
    )
    return (img.float() - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)


def planes(sample: Any, classes: int) -> Tensor:
    """Mask (K, H, W) of 0 and 1 of a sample, of the foreground classes."""
    data = sample.gt_sem_seg.data
    if len(data) > 1:
        return (data == 1).float()
    return torch.cat([(data == k + 1).float() for k in range(classes)])


def train(
    model: nn.Module,
    batches: Iterable[Any],
    seconds: float,
    *,
    classes: int,
    clock: Clock,
) -> None:
    """Train a peer: AdamW, a linear warm-up, then a linear decay to 0.

    Args:
        model: Peer.
        batches: Batches of a loader, without an end.
        seconds: CPU time to train for.
        classes: Foreground classes.
        clock: Is told of each step.
    """
    optimizer = torch.optim.AdamW(model.parameters(), LR)
    begin = time.process_time()
    model.train()
    for data in batches:
        done = (time.process_time() - begin) / seconds
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group['lr'] = LR * min(done / WARM_UP, (1 - done) / (1 - WARM_UP))
        imgs = normalized(torch.stack(data['inputs']))
        masks = [planes(sample, classes) for sample in data['data_samples']]
        loss = model.loss(imgs, torch.stack(masks))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        clock.tick()


@torch.no_grad()
def predict(model: nn.Module, img: Tensor, size: tuple[int, int]) -> Tensor:
    """Foreground (K, H, W) bool at a size of an image (C, h, w)."""
    height, width = img.shape[1:]
    imgs = pad(
        normalized(img)[None],
        (0, -width % 32, 0, -height % 32),
        mode='reflect',
    )
    probs = model.predict(imgs)[..., :height, :width]
    return interpolate(probs, size, mode='bilinear')[0] > 0.5
