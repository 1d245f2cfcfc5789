import cv2
import numpy as np

from mmseg_medical.apis.check_dataset import check_dataset
from mmseg_medical.apis.check_text import check_text


def test_it_says_what_is_wrong_and_how_to_mend_it(pairs):
    root = pairs(6, value=255)
    (root / 'masks' / '5.png').unlink()
    text = check_text(check_dataset(str(root)))
    lines = text.splitlines()
    assert lines[0] == (
        'Images and masks in folders (mask_folders): 5 images in images/ '
        'with masks in masks/'
    )
    assert lines[1] == (
        'images: 5; height x width: 40 x 60; channels: 3 of uint8; '
        'intensities: 100 … 229'
    )
    assert 'class       images  pixels  objects\n' in text
    assert 'label 1          5    11 %        5\n' in text
    assert 'ERROR   images without a mask: 1' in text
    assert '        0, 1, 2, 3 … (1 more)' in text
    assert "        -> dict(type='LoadMaskRegion', values={255: 1})" in text
    assert lines[-1] == '2 errors, 0 warnings, 0 notes'
    assert max(map(len, lines[2:])) < 80


def test_of_a_config(pairs, pair_config):
    root = pairs()
    (root / 'images' / '0.png').write_bytes(b'none')
    text = check_text(check_dataset(pair_config(root)))
    assert text.splitlines()[0].startswith('train + val: 2 + 2; ')
    assert 'disc' in text
    assert 'cannot be decoded' in text.replace('\n        ', ' ')


def test_layouts_that_fit_as_well(pairs):
    root = pairs()
    (root / 'gt').mkdir()
    for k in range(4):
        cv2.imwrite(str(root / f'gt/{k}.png'), np.eye(40, 60, dtype=np.uint8))
    text = check_text(check_dataset(str(root)))
    assert '\n--layout mask_folders:2: 4 images in images/ with' in text
