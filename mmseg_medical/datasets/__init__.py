"""Data sets of owners and the transforms between their files and a model."""

from mmseg_medical.datasets import transforms
from mmseg_medical.datasets.base import DatasetError, MedicalDataset
from mmseg_medical.datasets.hubmap import HuBMAPDataset
from mmseg_medical.datasets.splits import SplitError

__all__ = [
    'DatasetError',
    'HuBMAPDataset',
    'MedicalDataset',
    'SplitError',
    'transforms',
]
