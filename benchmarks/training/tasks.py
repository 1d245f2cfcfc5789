"""The five tasks on small real data, and how their images are grouped."""

import copy
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from mmengine.config import Config
from mmseg.registry import DATASETS

import mmseg_medical
from mmseg_medical.datasets import UWMadisonDataset
from mmseg_medical.datasets.splits import make_folds


class Task(NamedTuple):
    """A data set of a few images, three folds, and a recipe for it.

    Attributes:
        title: Heading of its table.
        folder: Folder of the data.
        config: Our config.
        group: From an id to what must not be on two sides of a fold.
        load: How the peers' images are made, before crops.
        masks: How masks are read.
        settings: Settings of the data set, where the folder needs others.
        chosen: Whether an image takes part.
    """

    title: str
    folder: str
    config: str
    group: Callable[[str], str]
    load: list[dict[str, Any]]
    masks: Mapping[str, Any] = MappingProxyType({})
    settings: Mapping[str, Any] = MappingProxyType({})
    chosen: Callable[[str], bool] = lambda name: True

    def point(self, dataset: dict[str, Any], root: Path) -> None:
        """Point a config of a data set to the folder of the task."""
        dataset.update(copy.deepcopy(dict(self.settings)), data_root=str(root))


def _glands(name: str) -> str:
    """Neighbours in the list show the same slide."""
    return str((int(name) - 70001) // 7 // 2)


def _slices(name: str) -> str:
    """Blocks of five neighbours of a volume."""
    case, _, number = name.rpartition('_slice_')
    return f'{case}_{int(number) // 5}'


@DATASETS.register_module()
class UWMadisonBlocks(UWMadisonDataset):
    """Of three cases: folds of whole cases would each train on two."""

    group = ''


COLOUR = [dict(type='LoadImageRegion', channels=3)]
TASKS = (
    Task(
        'HuBMAP: glands of the colon',
        'hubmap_layout_tissue',
        'hubmap/unet_r18_small.py',
        _glands,
        COLOUR,
        chosen=lambda name: name.startswith('70'),
    ),
    Task(
        'STAS: tumour in H&E',
        'pathology_he_labelme',
        'stas/segformer_mitb0_small.py',
        lambda name: re.match(r'(\d+_|\d{4})', name)[0],
        COLOUR,
        settings=dict(
            data_prefix=dict(img_path='images', seg_map_path='annotations')
        ),
    ),
    Task(
        'UW-Madison: bowels and stomach in CT and MR',
        'abdomen16_uwm_layout',
        'uwmgi/unet_r18_small.py',
        _slices,
        [
            dict(type='LoadImageRegion'),
            dict(type='MapIntensity', method='max'),
            dict(type='Resize', scale=(256, 256)),
        ],
        settings=dict(type='UWMadisonBlocks'),
    ),
    Task(
        'SIIM: lungs in chest X-rays',
        'cxr_lungs',
        'siim_acr/unet_r18_small.py',
        lambda name: re.split(r'-day|-g00|-admission', name)[0],
        [
            dict(type='LoadImageRegion', channels=1),
            dict(type='Resize', scale=(256, 256), interpolation='area'),
        ],
        masks=dict(values={255: 1}),
    ),
    Task(
        'Nuclei: all of them, as one class',
        'nuclei_dsb2018_stained',
        'nuclei/unet_r18_small.py',
        lambda name: name,
        COLOUR,
    ),
)


def write_folds(task: Task, root: Path, path: Path, num_folds: int) -> Path:
    """Write a table of folds, even in number and with whole groups."""
    cfg = Config.fromfile(mmseg_medical.config_path(task.config))
    dataset = dict(cfg.val_dataloader.dataset)
    task.point(dataset, root)
    dataset.update(fold=None, split=None, pipeline=[], lazy_init=True)
    built = DATASETS.build(dataset)
    names = [sample['img_id'] for sample in built.load_samples()]
    names = [name for name in names if task.chosen(name)]
    groups = [task.group(name) for name in names]
    folds = make_folds(names, num_folds, groups=groups)
    rows = [f'{n},{k}' for n, k in zip(names, folds, strict=True)]
    path.write_text('\n'.join(['id,fold', *rows]) + '\n')
    return path
