"""Tiny data sets in the layouts of their owners."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from mmseg_medical.converters import rle

UW_CLASSES = ('large_bowel', 'small_bowel', 'stomach')


def _write_table(path: Path, rows) -> None:
    with path.open('w', newline='') as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def write_table() -> Callable[..., None]:
    """Write rows into a CSV file."""
    return _write_table


@pytest.fixture
def uw_madison(tmp_path) -> Callable[..., Path]:
    """Write 16-bit slices of two cases; two of the classes overlap."""

    def write(
        volumes: tuple[str, ...] = ('case1_day2', 'case1_day20', 'case3_day0'),
        slices: int = 4,
        size: tuple[int, int] = (48, 64),
    ) -> Path:
        root = tmp_path / 'uw_madison'
        height, width = size
        rows = [('id', 'class', 'segmentation')]
        rng = np.random.default_rng(0)
        for volume in volumes:
            case = volume.split('_')[0]
            folder = root / 'train' / case / volume / 'scans'
            folder.mkdir(parents=True)
            for k in range(1, slices + 1):
                masks = np.zeros((3, *size), np.uint8)
                cv2.circle(masks[0], (20, 20), 8 + k, 1, -1)
                cv2.circle(masks[2], (28, 22), 8, 1, -1)
                img = (
                    rng.integers(0, 300, size)
                    + 4000 * masks.max(0).astype(int)
                    + k
                )
                name = f'slice_{k:04}_{width}_{height}_1.50_1.63.png'
                cv2.imwrite(str(folder / name), img.astype(np.uint16))
                rows += [
                    (f'{volume}_slice_{k:04}', label, text)
                    for label, text in zip(
                        UW_CLASSES,
                        (rle.encode(m, 'kaggle_row') for m in masks),
                        strict=True,
                    )
                ]
        _write_table(root / 'train.csv', rows)
        return root

    return write


@pytest.fixture
def siim(tmp_path, dicom) -> Callable[..., Path]:
    """Write radiographs of stage 1, in JPEG, with 1, 2, 0, 1 … objects."""

    def write(count: int = 6, size: int = 64) -> Path:
        root = tmp_path / 'siim_acr'
        rows = [('ImageId', ' EncodedPixels')]
        rng = np.random.default_rng(0)
        for k in range(count):
            name = f'1.2.276.{1000 + k}'
            img = rng.integers(60, 120, (size, size)).astype(np.uint8)
            places = ([(16, 20)], [(16, 20), (40, 40)], [])[k % 3]
            masks = [_disc(size, x, y, 6) for x, y in places]
            for mask in masks:
                img[mask > 0] += 100
                rows.append((name, ' ' + rle.encode(mask, 'siim')))
            if not masks:
                rows.append((name, ' -1'))
            dicom(
                img,
                f'siim_acr/dicom-images-train/{k}.1/{k}.2/{name}.dcm',
                syntax='1.2.840.10008.1.2.4.50',
                encode=lambda p: cv2.imencode('.jpg', p)[1].tobytes(),
            )
        _write_table(root / 'train-rle.csv', rows)
        return root

    return write


def _disc(size: int, x: int, y: int, radius: int) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return mask


@pytest.fixture
def stas(tmp_path, tissue) -> Callable[..., Path]:
    """Write sections with LabelMe polygons of float points."""

    def write(count: int = 4, size: tuple[int, int] = (64, 96)) -> Path:
        root = tmp_path / 'stas'
        folder = root / 'SEG_Train_Datasets'
        for part in ('Train_Images', 'Train_Annotations'):
            (folder / part).mkdir(parents=True)
        for k in range(count):
            img = tissue(max(size), seed=k)[: size[0], : size[1], ::-1]
            name = f'{k:08}'
            cv2.imwrite(str(folder / 'Train_Images' / f'{name}.jpg'), img)
            left = 20.5 + k
            points = [[left, 10.0], [left + 30, 10.4], [left + 20, 50.2]]
            shape = dict(label='STAS', points=points, group_id=None)
            shape |= dict(shape_type='polygon', flags={})
            data = dict(version='4.5.6', flags={}, shapes=[shape])
            data |= dict(imagePath=f'..\\Train_Images\\{name}.jpg')
            data |= dict(imageData=None, imageHeight=size[0])
            data |= dict(imageWidth=size[1])
            path = folder / 'Train_Annotations' / f'{name}.json'
            path.write_text(json.dumps(data))
        return root

    return write


@pytest.fixture
def nuclei(tmp_path, tissue) -> Callable[..., Path]:
    """Write the tree of CodaLab: an image and a mask for each of k nuclei."""

    def write(count: int = 4, size: int = 96, objects: int = 5) -> Path:
        root = tmp_path / 'nuclei'
        for k in range(count):
            name = f'TCGA-{k:02}'
            for part in ('images', 'masks'):
                (root / 'train' / name / part).mkdir(parents=True)
            img = tissue(size, seed=k)[..., ::-1].copy()
            for n in range(objects):
                mask = _disc(size, 12 + 16 * n, 20 + 8 * k, 5)
                img[mask > 0] = (110, 40, 90)
                path = root / 'train' / name / 'masks' / f'mask_{n + 1:04}.png'
                cv2.imwrite(str(path), mask * 255)
            path = root / 'train' / name / 'images' / f'{name}.png'
            cv2.imwrite(str(path), img)
        return root

    return write


@pytest.fixture
def kidney(tmp_path) -> Callable[..., Path]:
    """Write slides with channels first and last; two are of one patient."""

    def write(size: tuple[int, int] = (80, 96)) -> Path:
        root = tmp_path / 'hubmap_kidney'
        (root / 'train').mkdir(parents=True)
        rng = np.random.default_rng(0)
        rows, told = [('id', 'encoding')], [('image_file', 'patient_number')]
        for k, name in enumerate(('2f6ecfcdf', '8242609fa', 'aaa6a05cc')):
            mask = np.zeros(size, np.uint8)
            cv2.circle(mask, (30 + 10 * k, 40), 12, 1, -1)
            img = rng.integers(150, 220, (*size, 3)).astype(np.uint8)
            img[mask > 0] //= 2
            if k == 1:
                img = img.transpose(2, 0, 1)
            tifffile.imwrite(
                root / 'train' / f'{name}.tiff', img, photometric='rgb'
            )
            rows.append((name, rle.encode(mask, 'hubmap')))
            told.append((f'{name}.tiff', 67548 + k // 2))
        _write_table(root / 'train.csv', rows)
        _write_table(root / 'HuBMAP-20-dataset_information.csv', told)
        return root

    return write
