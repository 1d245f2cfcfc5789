"""Data sets of owners and the transforms between their files and a model."""

from mmseg_medical.datasets import transforms
from mmseg_medical.datasets.annotations import AnnotationDataset
from mmseg_medical.datasets.base import DatasetError, MedicalDataset
from mmseg_medical.datasets.folder import FolderDataset
from mmseg_medical.datasets.hubmap import HuBMAPDataset
from mmseg_medical.datasets.hubmap_kidney import HuBMAPKidneyDataset
from mmseg_medical.datasets.nuclei import NucleiDataset
from mmseg_medical.datasets.siim import SIIMDataset
from mmseg_medical.datasets.splits import SplitError
from mmseg_medical.datasets.stas import STASDataset
from mmseg_medical.datasets.table import TableDataset
from mmseg_medical.datasets.uw_madison import UWMadisonDataset

__all__ = [
    'AnnotationDataset',
    'DatasetError',
    'FolderDataset',
    'HuBMAPDataset',
    'HuBMAPKidneyDataset',
    'MedicalDataset',
    'NucleiDataset',
    'SIIMDataset',
    'STASDataset',
    'SplitError',
    'TableDataset',
    'UWMadisonDataset',
    'transforms',
]
