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
        'have masks in masks/'
    )
    assert lines[1] == (
        '5 images, 40 x 60 height x width, 3 of uint8 channels, 100 … 229 '
        'intensities'
    )
    assert 'label 1            5 images       11 % of pixels' in text
    assert 'ERROR   images without a mask: 1' in text
    assert '        0, 1, 2, 3 … (1 more)' in text
    assert "        -> dict(type='LoadMaskRegion', values={255: 1})" in text
    assert lines[-1] == '2 errors, 0 warnings, 0 notes'
    assert max(map(len, lines[2:])) < 80


def test_of_a_config(pairs, pair_config):
    root = pairs()
    (root / 'images' / '0.png').write_bytes(b'none')
    text = check_text(check_dataset(pair_config(root)))
    assert text.splitlines()[0].startswith('2 + 2 train + val, 40 x 60')
    assert 'disc' in text
    assert 'cannot be decoded' in text.replace('\n        ', ' ')


def test_layouts_that_fit_as_well(pairs):
    root = pairs()
    (root / 'gt').mkdir()
    for k in range(4):
        cv2.imwrite(str(root / f'gt/{k}.png'), np.eye(40, 60, dtype=np.uint8))
    text = check_text(check_dataset(str(root)))
    assert '\n--layout mask_folders:2: 4 images in images/ have' in text
