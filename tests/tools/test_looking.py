"""Tools that show something: configs, samples, demo data, pages."""

import cv2
import numpy as np
import pytest

import mmseg_medical
from mmseg_medical.converters import rle
from mmseg_medical.converters.table import read_table, write_table
from mmseg_medical.datasets import HuBMAPDataset
from mmseg_medical.errors import InputError


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


def test_browse_dataset_on_a_page(tool, hubmap, tiny_config, tmp_path):
    config, page = tiny_config(hubmap(6)), tmp_path / 'page.html'
    browse = tool('browse_dataset')
    browse.main([config, '--not-show', '--page', str(page)])
    assert '3 of 3 samples' in page.read_text()
    assert 'rgb(0, 158, 115)' in page.read_text()  # of the data set
    browse._ON_PAGE = 2
    browse.main([config, '--not-show', '--page', str(page)])
    assert '2 of 3 samples' in page.read_text()
    bare = tmp_path / 'bare.py'
    bare.write_text('val_dataloader = None\n')
    with pytest.raises(InputError, match=r'bare\.py has no val_dataloader'):
        browse.main([str(bare), '--not-show', '--part', 'val'])


def test_browse_dataset_of_slices_whose_classes_overlap(tool, tmp_path):
    """One channel of 16 bits, five of them, and z-scores."""
    for k in range(5):
        folder = tmp_path / 'train' / 'case1' / 'case1_day0' / 'scans'
        folder.mkdir(parents=True, exist_ok=True)
        img = np.full((40, 60), 100 + k, np.uint16)
        img[10:20, 10:30] = 900
        name = f'slice_{k + 1:04}_60_40_1.50_1.50.png'
        cv2.imwrite(str(folder / name), img)
    masks = {
        'large_bowel': rle.encode(img > 500, 'kaggle_row'),
        'small_bowel': '',
        'stomach': '1 600',  # the first ten rows
    }
    write_table(
        tmp_path / 'train.csv',
        ('id', 'class', 'segmentation'),
        [
            (f'case1_day0_slice_{k:04}', label, text)
            for k in range(1, 6)
            for label, text in masks.items()
        ],
    )
    config = tmp_path / 'config.py'
    for stack, extra in (
        ('None', ''),
        ('dict(num=3, stride=1)', ''),
        ('dict(num=5, stride=1)', ''),
        ('None', "dict(type='MapIntensity', method='zscore'),"),
    ):
        config.write_text(f"""
custom_imports = dict(imports=['mmseg_medical'])
train_dataloader = dict(dataset=dict(
    type='UWMadisonDataset', data_root={str(tmp_path)!r}, stack={stack},
    pipeline=[
        dict(type='LoadImageRegion'), {extra} dict(type='LoadMaskRegion'),
        dict(type='PackMedicalInputs'),
    ],
))
""")
        out, page = tmp_path / 'out', tmp_path / 'page.html'
        tool('browse_dataset').main(
            f'{config} --not-show --output-dir {out} --page {page}'.split()
        )
        drawn = cv2.imread(str(out / 'case1_day0_slice_0003.png'))
        assert drawn.shape == (40, 60, 3)
        assert drawn[5, 45].tolist() == [40, 55, 0]  # stomach on black
        assert drawn[15, 20].tolist() == [166, 199, 240]  # bowel on white
        assert drawn[30, 45].tolist() == [0, 0, 0]
        text = page.read_text()
        assert text.count('<figure>') == 5
        channels = stack[9] if 'num' in stack else 1
        kind = 'float32' if extra else 'uint16'
        assert f'40 x 60, {channels} of {kind}' in text
        for name in masks:
            assert f'</span>{name}</span>' in text


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
