import re

import cv2
import numpy as np
import pytest

from mmseg_medical.apis.check_dataset import check_dataset
from mmseg_medical.apis.check_page import choose_samples, write_check_page
from mmseg_medical.datasets.checks import Finding, Severity


def test_the_page_stands_alone(pairs, tmp_path):
    root = pairs(12, value=255)
    check = check_dataset(str(root))
    path = write_check_page(check, tmp_path / 'report')
    assert path == tmp_path / 'report' / 'index.html'
    page = path.read_text()
    assert '<title>pairs</title>' in page
    assert '12 images in images/ with masks in masks/.' in page
    assert 'values={255: 1}' in page
    assert 'Config to start from' in page
    for heading in ('Samples with findings', 'Largest foreground'):
        assert f'<h2>{heading}</h2>' in page
    pictures = re.findall(r'alt="mask of (\d+)"', page)
    assert sorted(map(int, pictures)) == list(range(12))
    assert page.count('data:image/jpeg;base64,') == 24
    assert page.count('<svg') == 4
    for outside in ('src="http', 'href="http', '<script', '<link'):
        assert outside not in page


def test_the_page_of_a_config_with_broken_files(pairs, pair_config, tmp_path):
    root = pairs()
    (root / 'images' / '0.png').write_bytes(b'none')
    (root / 'masks' / '1.png').write_bytes(b'none')
    check = check_dataset(pair_config(root))
    page = write_check_page(check, tmp_path).read_text()
    shown = re.findall(r'alt="mask of \w+/(\d)"', page)
    assert sorted(shown) == ['1', '2', '3']
    assert 'Config to start from' not in page


def test_nothing_to_show(pairs, pair_config, tmp_path):
    root = pairs()
    path = pair_config(root, data_prefix=dict(img_path='none'))
    page = write_check_page(check_dataset(path), tmp_path).read_text()
    assert 'cannot be read' in page
    assert '<img' not in page


@pytest.fixture
def check(pairs):
    return check_dataset(str(pairs(40)))


def test_samples_are_chosen_once(check):
    errors = [
        Finding(Severity.ERROR, 'x', 'x', ('3', '4', '5', '6', 'no image')),
        Finding(Severity.WARNING, 'y', 'y', ('6', '7')),
        Finding(Severity.NOTE, 'z', 'z', ('8',)),
    ]
    shown = choose_samples(check.observations, errors, check.about)
    found = [
        check.observations[k].name for k, _ in shown['Samples with findings']
    ]
    assert found == ['3', '4', '5', '6', '7']
    numbers = [k for chosen in shown.values() for k, _ in chosen]
    assert len(numbers) == len(set(numbers)) == 5 + 4 + 4 + 8
    again = choose_samples(check.observations, errors, check.about)
    assert again == shown


def test_ends_of_the_foreground(pairs):
    root = pairs(20)
    for k, value in ((11, 1), (13, 0)):
        mask = np.zeros((40, 60), np.uint8)
        mask[: 2 + 30 * value] = 1
        cv2.imwrite(str(root / f'masks/{k}.png'), mask)
    check = check_dataset(str(root))
    shown = choose_samples(check.observations, [], check.about)
    names = {
        heading: [check.observations[k].name for k, _ in chosen]
        for heading, chosen in shown.items()
    }
    assert names['Largest foreground'][0] == '11'
    assert names['Smallest foreground'][0] == '13'
