"""Folders of images and masks that tests damage."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_medical.converters.probability_maps import ProbabilityMaps


@pytest.fixture
def pairs(tmp_path) -> Callable[..., Path]:
    """Write images and masks of a disc, whose pixels are ``value``."""

    def write(count: int = 4, value: int = 1, root: str = 'pairs') -> Path:
        folder = tmp_path / root
        rng = np.random.default_rng(0)
        for part in ('images', 'masks'):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            img = rng.integers(100, 140, (40, 60, 3)).astype(np.uint8)
            mask = np.zeros((40, 60), np.uint8)
            cv2.circle(mask, (20 + k, 20), 9, value, -1)
            img[mask > 0] += 90
            cv2.imwrite(str(folder / 'images' / f'{k}.png'), img)
            cv2.imwrite(str(folder / 'masks' / f'{k}.png'), mask)
        return folder

    return write


@pytest.fixture
def pair_config(tmp_path) -> Callable[..., str]:
    """Write a config of FolderDataset; ``changes`` are of the data set."""

    def write(root: Path, load: str = '', **changes: object) -> str:
        text = ', '.join(f'{key}={value!r}' for key, value in changes.items())
        path = tmp_path / 'pairs.py'
        path.write_text(f"""
custom_imports = dict(imports=['mmseg_medical'])
pipeline = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion', {load}),
    dict(type='PackMedicalInputs'),
]
data = dict(
    type='FolderDataset', data_root={str(root)!r}, pipeline=pipeline,
    metainfo=dict(classes=('background', 'disc')), num_folds=2, fold=0, {text}
)
train_dataloader = dict(dataset=dict(data, part='train'))
val_dataloader = dict(dataset=dict(data, part='val'))
test_dataloader = val_dataloader
""")
        return str(path)

    return write


@pytest.fixture
def write_maps(tmp_path) -> Callable[..., str]:
    """Write the maps of a test: what it says of each image, by id.

    ``trained_on`` and ``fold`` are those of the only checkpoint.
    """

    def write(
        name: str,
        probs: dict[str, object],
        *,
        task: str = 'binary',
        classes: tuple[str, ...] = ('background', 'lung'),
        trained_on: object = None,
        fold: int | None = None,
        scores: dict[str, object] | None = None,
        bits: int = 8,
        meta: dict[str, dict[str, object]] | None = None,
        **postprocess: object,
    ) -> str:
        told = {}
        if trained_on is not None:
            told = dict(trained_on={'x': dict.fromkeys(trained_on, '')})
            told['pseudo_labels'] = []
        if fold is not None:
            told['held_out'] = dict(fold=fold, split='s.csv')
        maps = ProbabilityMaps(
            tmp_path / name,
            ids=list(probs),
            task=task,
            classes=classes,
            postprocess=dict(mask_thr=0.5, **postprocess),
            origin=dict(lineage={f'{name}.pth 0123': told}),
            bits=bits,
            images={'x': dict.fromkeys(probs, '')},
        )
        maps.start()
        for img_id, values in probs.items():
            array = np.array(values, np.float64)
            array = array.reshape(-1, *array.shape[-2:])
            own = (meta or {}).get(img_id)
            maps.write(img_id, array, scores=scores, meta=own)
        return str(maps.folder)

    return write
