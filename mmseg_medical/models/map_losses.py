"""Losses of numbers of the pixels, for ``model.map_heads``."""

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.image_heads.base import mean_of_known

LOSSES = dict(l1=F.l1_loss, l2=F.mse_loss, smooth_l1=F.smooth_l1_loss)


@MODELS.register_module()
class MapLoss(nn.Module):
    """Mean distance of maps, over the pixels that are known.

    Args:
        kind: ``'l1'``, ``'l2'`` (squared) or ``'smooth_l1'`` (squared, and
            half of it, below 1).
        loss_weight: Factor of the loss.
        loss_name: Name in the log.

    Shape:
        pred, target: (N, K, H, W); nan where the target is not known.
        weight: (N, 1, H, W) of pixels.  output: scalar, 0 where nothing is
        known.

    Raises:
        InputError: If ``kind`` is unknown.
    """

    def __init__(
        self,
        kind: str = 'smooth_l1',
        *,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_map',
    ) -> None:
        super().__init__()
        if kind not in LOSSES:
            raise InputError(
                f'kind of MapLoss is one of {[*LOSSES]}, got {kind!r}'
            )
        self.kind = kind
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self, pred: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        """Scalar loss of (N, K, H, W) maps."""
        known = ~target.isnan()
        target = target.where(known, 0).float()
        losses = LOSSES[self.kind](pred.float(), target, reduction='none')
        share = known if weight is None else known * weight
        return self.loss_weight * mean_of_known(losses, share)


@MODELS.register_module()
class HVGradientLoss(nn.Module):
    """Mean squared distance of the slopes of HV maps, within instances.

    The slope of the horizontal map is taken horizontally, that of the
    vertical one vertically: it is steep where instances touch.

    Args:
        loss_weight: Factor of the loss.
        loss_name: Name in the log.

    Shape:
        pred, target: (N, 2, H, W); nan where the target is not known, and 0
        in the background.  weight: (N, 1, H, W) of pixels.  output: scalar,
        0 where there is no instance.

    Reference: Graham et al., Medical Image Analysis 58 (2019),
        arXiv:1812.06499, with slopes of 5 x 5 pixels

    Example:
        >>> loss_decode = [
        ...     dict(type='MapLoss', kind='l2'),
        ...     dict(type='HVGradientLoss', loss_weight=2.0),
        ... ]
    """

    def __init__(
        self, *, loss_weight: float = 1.0, loss_name: str = 'loss_gradient'
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name
        place = torch.arange(-2.0, 3.0)
        across = place / (place**2 + place[:, None] ** 2).clamp(min=1)
        kernels = torch.stack([across, across.T])[:, None]
        self.register_buffer('kernels', kernels, persistent=False)

    def forward(
        self, pred: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        """Scalar loss of (N, 2, H, W) maps."""
        unknown = target.isnan().any(1, keepdim=True)
        target = target.where(~unknown, 0).float()
        near = F.max_pool2d(unknown.float(), 5, stride=1, padding=2)
        inside = (target != 0).any(1, keepdim=True) & (near == 0)
        share = inside.expand_as(target)
        share = share if weight is None else share * weight
        slopes = [
            F.conv2d(x, self.kernels.to(x), padding=2, groups=2)
            for x in (pred.float(), target)
        ]
        losses = F.mse_loss(*slopes, reduction='none')
        return self.loss_weight * mean_of_known(losses, share)


@MODELS.register_module()
class StarLoss(nn.Module):
    """Loss of star-convex polygons: of their score and of their rays.

    Cross entropy of the score against the depth in the instance; and the
    absolute error of each ray, weighted by that depth. Rays of the background
    are drawn to 0.

    Args:
        ray_weight: Weight of the rays beside the score.
        background_weight: Weight of the rays of the background beside those
            of instances.
        loss_weight: Factor of the loss.
        loss_name: Name in the log.

    Shape:
        pred: (N, 1 + R, H, W): logit of the score, rays in pixels.
        target: the same of :class:`GenerateStarMap`; nan where not known.
        weight: (N, 1, H, W) of pixels.  output: scalar.

    Reference: Schmidt et al., MICCAI 2018, arXiv:1806.03535

    Example:
        >>> star = dict(
        ...     type='SMPDecodeHead',
        ...     arch='Unet',
        ...     num_classes=33,
        ...     loss_decode=dict(type='StarLoss'),
        ... )
    """

    def __init__(
        self,
        *,
        ray_weight: float = 0.2,
        background_weight: float = 1e-4,
        loss_weight: float = 1.0,
        loss_name: str = 'loss_star',
    ) -> None:
        super().__init__()
        self.ray_weight = ray_weight
        self.background_weight = background_weight
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self, pred: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        """Scalar loss of (N, 1 + R, H, W) maps."""
        known = ~target.isnan()
        share = known.float() if weight is None else known * weight
        pred, target = pred.float(), target.where(known, 0).float()
        depth, rays = target.split([1, target.shape[1] - 1], 1)
        scores = F.binary_cross_entropy_with_logits(
            pred[:, :1], depth, reduction='none'
        )
        errors = (pred[:, 1:] - rays).abs()
        weights = share[:, 1:] * depth
        inside = (errors * weights).sum() / weights.sum().clamp(min=1e-6)
        outside = mean_of_known(errors, share[:, 1:] * (depth == 0))
        total = mean_of_known(scores, share[:, :1]) + self.ray_weight * (
            inside + self.background_weight * outside
        )
        return self.loss_weight * total
