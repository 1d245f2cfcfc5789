"""Tools that show something: configs, samples, demo data, pages."""

import cv2
import numpy as np
import pytest

import mmseg_medical
from mmseg_medical.converters.table import read_table
from mmseg_medical.datasets import HuBMAPDataset


def test_print_config(tool, capsys):
    path = mmseg_medical.config_path('hubmap/segformer_mitb2.py')
    tool('print_config').main(
        [path, '--graph', '--cfg-options', 'model.test_cfg.mask_thr=0.3']
    )
    out = capsys.readouterr().out
    assert 'HuBMAPDataset' in out
    assert 'mask_thr=0.3' in out
    assert 'MedicalSegmentor(' in out


def test_browse_dataset(tool, hubmap, tiny_config, tmp_path):
    config = tiny_config(hubmap(6))
    for folder in ('one', 'other'):
        tool('browse_dataset').main(
            [config, '--not-show', '--output-dir', str(tmp_path / folder)]
        )
    pictures = sorted((tmp_path / 'one').glob('*.png'))
    assert len(pictures) == 3
    for path in pictures:
        img = cv2.imread(str(path))
        assert img.shape == (64, 64, 3)
        again = cv2.imread(str(tmp_path / 'other' / path.name))
        np.testing.assert_array_equal(img, again)  # seeded


def test_demo_data_are_real_tissue_in_the_owners_layout(tool, tmp_path):
    data = pytest.importorskip('skimage.data')
    tool('demo_data').main([str(tmp_path / 'demo')])
    tiles = {}
    for part in ('train', 'val'):
        dataset = HuBMAPDataset(
            data_root=str(tmp_path / 'demo'),
            split=f'splits/{part}.txt',
            pipeline=[
                dict(type='LoadImageRegion'),
                dict(type='LoadMaskRegion'),
                dict(type='PackMedicalInputs'),
            ],
        )
        for k in range(len(dataset)):
            item = dataset[k]
            tiles[item['data_samples'].img_id] = item
            share = item['data_samples'].gt_sem_seg.data.float().mean()
            assert part == 'train' or 0.1 < share < 0.9
    rows = read_table(tmp_path / 'demo' / 'train.csv', ['id'])
    assert len(tiles) == len(rows) == 15
    whole = data.immunohistochemistry()
    first = tiles['10000']['inputs'].permute(1, 2, 0).numpy()[..., ::-1]
    np.testing.assert_array_equal(first, whole[:128, :128])
    # Names hold row and column: no tile is on both sides of the border.
    val = (tmp_path / 'demo' / 'splits' / 'val.txt').read_text().split()
    assert val == ['10300', '10301', '10302']
