"""Training samples of HuBMAP.

An image of 3000² and its mask become a tensor of 768²: a random window, one
of the eight symmetries, brightness, contrast, saturation and hue. Ours reads
the window and paints the run lengths in it; the peers read the whole image,
as their readers do, and the whole mask, from a PNG file or from the run
lengths, whichever is faster for them. MONAI varies intensity and gamma only,
as it has no colours. The files lie in the cache of the system.
"""

import tempfile
from pathlib import Path

import albumentations
import cv2
import monai.transforms
import numpy as np
import skimage.data
import tifffile
from albumentations.pytorch import ToTensorV2
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope

from benchmarks.bench_tiff import LAYOUTS, SIDE
from benchmarks.harness import Call, Job
from mmseg_medical.converters import rle
from mmseg_medical.utils import register_all_modules

_FOLDER = tempfile.TemporaryDirectory()
_SIZE = (SIDE, SIDE)
_STRENGTH = 0.2
_HUE = 18  # degrees, PhotoMetricDistortion's


def jobs() -> list[Job]:
    """One job per layout."""
    register_all_modules()
    tile = skimage.data.immunohistochemistry()
    img = np.ascontiguousarray(np.tile(tile, (6, 6, 1))[:3000, :3000])
    mask = _mask()
    mask_path = Path(_FOLDER.name, 'mask.png')
    cv2.imwrite(str(mask_path), mask)
    found = []
    for k, (name, options) in enumerate(LAYOUTS.items()):
        path = Path(_FOLDER.name, f'{k}.tif')
        tifffile.imwrite(path, img, photometric='rgb', **options)
        found.append(
            Job(
                f'sample of 768², {name}',
                _ours(path, mask),
                {
                    'albumentations + tifffile': _albumentations(
                        path, mask_path
                    ),
                    'albumentations + tifffile, RLE': _albumentations(
                        path, mask_path, rle.encode(mask, 'kaggle')
                    ),
                    'MMSegmentation': _mmsegmentation(path, mask_path),
                    'MONAI': _monai(path, mask_path),
                },
                4 if 'strips' in name else 8,
            )
        )
    return found


def _mask() -> np.ndarray:
    """Twelve ellipses, as large as glomeruli, in 3000²."""
    mask = np.zeros((3000, 3000), np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(12):
        center, axes = rng.integers(0, 3000, 2), rng.integers(80, 300, 2)
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(mask, center.tolist(), axes.tolist(), angle, 0, 360, 1, -1)
    return mask


def _ours(path: Path, mask: np.ndarray) -> Call:
    pipeline = Compose(
        [
            dict(type='ChooseRandomRegion', crop_size=_SIZE),
            dict(type='LoadImageRegion'),
            dict(type='LoadMaskRegion'),
            dict(type='ApplySymmetry'),
            dict(
                type='JitterColours',
                brightness=_STRENGTH,
                contrast=_STRENGTH,
                saturation=_STRENGTH,
                hue=_HUE,
            ),
            dict(type='PackMedicalInputs'),
        ]
    )
    sample = dict(
        img_path=str(path),
        height=3000,
        width=3000,
        rle=rle.encode(mask, 'kaggle'),
        rle_dialect='kaggle',
    )

    def run() -> None:
        out = pipeline(dict(sample))
        assert out['inputs'].shape == (3, *_SIZE)
        assert out['data_samples'].gt_sem_seg.shape == _SIZE

    return run


def _albumentations(path: Path, mask_path: Path, text: str = '') -> Call:
    transform = albumentations.Compose(
        [
            albumentations.RandomCrop(*_SIZE),
            albumentations.D4(p=1),
            albumentations.ColorJitter(
                brightness=(1 - _STRENGTH, 1 + _STRENGTH),
                contrast=(1 - _STRENGTH, 1 + _STRENGTH),
                saturation=(1 - _STRENGTH, 1 + _STRENGTH),
                hue=(-_HUE / 360, _HUE / 360),
                p=1,
            ),
            ToTensorV2(),
        ]
    )

    def decode() -> np.ndarray:
        """The decoder that Kaggle's notebooks share."""
        numbers = np.array(text.split(), dtype=int)
        flat = np.zeros(3000 * 3000, np.uint8)
        starts = numbers[::2] - 1
        for start, end in zip(starts, starts + numbers[1::2], strict=True):
            flat[start:end] = 1
        return flat.reshape(3000, 3000).T

    def run() -> None:
        img = tifffile.imread(path)
        mask = decode() if text else cv2.imread(str(mask_path), 0)
        out = transform(image=img, mask=mask)
        assert out['image'].shape == (3, *_SIZE)

    return run


def _mmsegmentation(path: Path, mask_path: Path) -> Call:
    with DefaultScope.overwrite_default_scope('mmseg'):
        pipeline = Compose(
            [
                dict(
                    type='LoadImageFromFile',
                    imdecode_backend='tifffile',
                ),
                dict(type='LoadAnnotations', imdecode_backend='cv2'),
                dict(type='RandomCrop', crop_size=_SIZE),
                dict(
                    type='RandomRotFlip',
                    rotate_prob=0,
                    flip_prob=1,
                    degree=20,
                ),
                dict(
                    type='PhotoMetricDistortion',
                    brightness_delta=int(255 * _STRENGTH),
                    contrast_range=(1 - _STRENGTH, 1 + _STRENGTH),
                    saturation_range=(1 - _STRENGTH, 1 + _STRENGTH),
                    hue_delta=_HUE,
                ),
                dict(type='PackSegInputs'),
            ]
        )
    sample = dict(
        img_path=str(path),
        seg_map_path=str(mask_path),
        seg_fields=[],
        reduce_zero_label=False,
        label_map=None,
    )

    def run() -> None:
        out = pipeline(dict(sample, seg_fields=[]))
        assert out['inputs'].shape == (3, *_SIZE)

    return run


def _monai(path: Path, mask_path: Path) -> Call:
    keys = ['image', 'label']
    pipeline = monai.transforms.Compose(
        [
            monai.transforms.LoadImaged(keys, reader='PILReader'),
            monai.transforms.EnsureChannelFirstd(keys),
            monai.transforms.RandSpatialCropd(
                keys, roi_size=_SIZE, random_size=False
            ),
            monai.transforms.RandAxisFlipd(keys, prob=0.5),
            monai.transforms.RandRotate90d(keys, prob=0.75, max_k=3),
            monai.transforms.RandScaleIntensityd(
                ['image'], factors=_STRENGTH, prob=1
            ),
            monai.transforms.RandAdjustContrastd(
                ['image'], gamma=(1 - _STRENGTH, 1 + _STRENGTH), prob=1
            ),
            monai.transforms.ToTensord(keys),
        ]
    )

    def run() -> None:
        out = pipeline(dict(image=str(path), label=str(mask_path)))
        assert out['image'].shape == (3, *_SIZE)

    return run
