import json

import numpy as np
import pytest

from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.table import read_table
from mmseg_medical.datasets import DatasetError, STASDataset

PIPELINE = [
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]


def masks(dataset):
    return [item['data_samples'].gt_sem_seg.data.numpy() for item in dataset]


def test_sections_with_their_polygons(stas):
    dataset = STASDataset(str(stas()), pipeline=PIPELINE)
    assert len(dataset) == 4
    found = masks(dataset)
    assert all(mask.shape == (1, 64, 96) for mask in found)
    assert all(500 < mask.sum() < 700 for mask in found)
    np.testing.assert_array_equal(np.roll(found[0], 2, 2), found[2])


@pytest.mark.parametrize(
    ('old', 'new', 'root'),
    [
        ('Train_Annotations', 'Train_Annotations_SEG', ''),
        ('Train_Images', 'Train_Images', 'SEG_Train_Datasets'),
    ],
)
def test_other_names_of_folders(stas, old, new, root):
    folder = stas()
    train = folder / 'SEG_Train_Datasets'
    (train / old).rename(train / new)
    assert len(STASDataset(str(folder / root))) == 4


@pytest.mark.parametrize(
    ('subset', 'folder'),
    [
        ('public', 'Public_Image'),
        ('private', 'Private_Image'),
        ('private', 'Pravite_Image1/Image'),
    ],
)
def test_images_of_the_tests(stas, subset, folder):
    root = stas()
    target = root / folder
    target.parent.mkdir(exist_ok=True)
    (root / 'SEG_Train_Datasets' / 'Train_Images').rename(target)
    dataset = STASDataset(
        str(root),
        subset=subset,
        test_mode=True,
        pipeline=[PIPELINE[0], dict(PIPELINE[1], required=False), PIPELINE[2]],
    )
    assert len(dataset) == 4
    assert 'gt_sem_seg' not in dataset[0]['data_samples']


def test_painters_differ_at_the_rim(stas):
    root = str(stas())
    pil, opencv = (
        masks(
            STASDataset(
                root,
                pipeline=[
                    PIPELINE[0],
                    dict(PIPELINE[1], painter=painter),
                    PIPELINE[2],
                ],
            )
        )[0]
        for painter in (None, 'opencv')
    )
    assert 0 < (pil != opencv).sum() < 100


def test_broken_files(stas):
    root = stas()
    folder = root / 'SEG_Train_Datasets' / 'Train_Annotations'
    path = folder / '00000001.json'
    path.write_text(path.read_text()[:80])
    dataset = STASDataset(str(root), pipeline=PIPELINE)
    with pytest.raises(ValueError, match=r'00000001\.json'):
        dataset[1]
    path.unlink()
    with pytest.raises(DatasetError, match='1 images without a mask, first 0'):
        STASDataset(str(root))
    data = json.loads((folder / '00000002.json').read_text())
    data['imageHeight'] = 65
    (folder / '00000002.json').write_text(json.dumps(data))
    dataset = STASDataset(str(root), strict=False, pipeline=PIPELINE)
    with pytest.raises(ValueError, match=r'65 x 96 pixels .* has 64 x 96'):
        dataset.pipeline(dataset.get_data_info(1))


def test_subsets_that_do_not_exist(stas, tmp_path):
    with pytest.raises(DatasetError, match="'private'\\), got 'test'"):
        STASDataset(str(stas()), subset='test')
    with pytest.raises(FileNotFoundError, match='Public_Image is no folder'):
        STASDataset(str(tmp_path), subset='public')


def test_real_sections(real_data):
    """Each mask is the one that the data came with, painted by LabelMe."""
    root = real_data('pathology_he_labelme')
    dataset = STASDataset(
        str(root),
        data_prefix=dict(img_path='images', seg_map_path='annotations'),
        pipeline=PIPELINE,
    )
    told = {
        row['image'].rsplit('.', 1)[0]: row
        for row in read_table(root / 'manifest.csv', ['image', 'fg'])
    }
    assert len(dataset) == len(told) == 27
    for item in dataset:
        sample = item['data_samples']
        row = told[sample.img_id]
        mask = sample.gt_sem_seg.data.numpy()[0]
        assert mask.shape == (int(row['height']), int(row['width']))
        assert mask.mean() == pytest.approx(float(row['fg']), abs=6e-5)
        expected = read_labels(root / 'masks' / f'{sample.img_id}.png') > 0
        np.testing.assert_array_equal(mask, expected)
