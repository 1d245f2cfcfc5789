"""Losses for every task, registered with MMSegmentation."""

from mmseg_medical.models.losses.bce import BCELoss
from mmseg_medical.models.losses.ce import CELoss
from mmseg_medical.models.losses.focal_tversky import FocalTverskyLoss
from mmseg_medical.models.losses.hausdorff_dt import HausdorffDTLoss
from mmseg_medical.models.losses.jaccard import JaccardLoss
from mmseg_medical.models.losses.lovasz_hinge import LovaszHingeLoss
from mmseg_medical.models.losses.lovasz_softmax import LovaszSoftmaxLoss
from mmseg_medical.models.losses.pixel_focal import PixelFocalLoss
from mmseg_medical.models.losses.soft_dice import SoftDiceLoss
from mmseg_medical.models.losses.soft_tversky import SoftTverskyLoss
from mmseg_medical.models.losses.surface import SurfaceLoss

__all__ = [
    'BCELoss',
    'CELoss',
    'FocalTverskyLoss',
    'HausdorffDTLoss',
    'JaccardLoss',
    'LovaszHingeLoss',
    'LovaszSoftmaxLoss',
    'PixelFocalLoss',
    'SoftDiceLoss',
    'SoftTverskyLoss',
    'SurfaceLoss',
]
