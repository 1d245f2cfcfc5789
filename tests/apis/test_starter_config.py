import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmseg_medical.apis.check_dataset import check_dataset
from mmseg_medical.apis.starter_config import starter_config


def mended(check, tmp_path, part=''):
    """Check of the config that is proposed."""
    name = f'{part}_dataset' if part else 'dataset'
    path = tmp_path / 'starter.py'
    path.write_text(
        f'{starter_config(check)}\ntrain_dataloader = dict(dataset={name})\n'
    )
    return check_dataset(str(path)), Config.fromfile(path)


def test_it_mends_what_was_found(pairs, tmp_path):
    root = pairs(value=255)
    img = cv2.imread(str(root / 'images' / '0.png'))
    cv2.imwrite(str(root / 'images' / '0.png'), img[..., 0])
    check = check_dataset(str(root))
    assert {one.kind for one in check.findings} == {'channels', 'mask_255'}
    again, cfg = mended(check, tmp_path)
    assert not again.findings
    assert len(again.observations) == 4
    assert [step['type'] for step in cfg.pipeline] == [
        *('LoadImageRegion', 'LoadMaskRegion', 'PackMedicalInputs')
    ]
    assert cfg.pipeline[0]['channels'] == 3
    assert cfg.pipeline[1]['values'] == {255: 1}


def test_classes_are_those_of_the_values(pairs, tmp_path):
    root = pairs(value=100)
    mask = cv2.imread(str(root / 'masks' / '1.png'), 0)
    mask[30:] = 200
    cv2.imwrite(str(root / 'masks' / '1.png'), mask)
    check = check_dataset(str(root))
    again, cfg = mended(check, tmp_path)
    assert cfg.dataset.metainfo.classes == (
        *('background', 'class 1', 'class 2'),
    )
    assert cfg.pipeline[1]['values'] == {100: 1, 200: 2}
    assert not [f for f in again.findings if f.severity]


def test_16_bits_are_mapped(pairs, tmp_path):
    root = pairs()
    for path in (root / 'images').iterdir():
        img = cv2.imread(str(path), 0)
        cv2.imwrite(str(path), img.astype(np.uint16) * 9)
    again, cfg = mended(check_dataset(str(root)), tmp_path)
    assert cfg.pipeline[1].type == 'MapIntensity'
    assert not again.findings


def test_an_owner_needs_few_lines(hubmap, tmp_path):
    root = hubmap(2)
    check = check_dataset(str(root))
    assert (
        starter_config(check).splitlines()[-5:]
        == [
            'train_dataset = dict(',
            "    type='HuBMAPDataset',",
            "    ann_file='train.csv',",
            f"    data_root='{root}',",
            *('    pipeline=pipeline,', ')'),
        ][-5:]
    )
    again, _ = mended(check, tmp_path, 'train')
    assert again.about.classes == check.about.classes


def test_of_a_config_there_is_none(pairs, pair_config):
    assert starter_config(check_dataset(pair_config(pairs()))) == ''


@pytest.mark.parametrize('classes', [3, 30])
def test_long_lines_are_broken(pairs, tmp_path, classes):
    root = pairs(1)
    for path in root.glob('masks/*'):
        path.unlink()
    (root / 'masks' / '0').mkdir()
    for k in range(classes):
        name = f'a_class_with_a_name_{k:02}'
        cv2.imwrite(str(root / f'masks/0/{name}.png'), np.ones((40, 60)))
    check = check_dataset(str(root))
    text = starter_config(check)
    assert max(map(len, text.splitlines())) < 120
    _, cfg = mended(check, tmp_path)
    assert len(cfg.dataset.metainfo.classes) == classes
