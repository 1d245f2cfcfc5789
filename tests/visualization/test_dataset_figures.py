import numpy as np
import pytest

from mmseg_medical.datasets.checks import About, Observation
from mmseg_medical.datasets.checks.facts import image_facts, mask_facts
from mmseg_medical.datasets.checks.statistics import count_classes
from mmseg_medical.visualization.dataset_figures import dataset_figures


def observations(count, mask):
    rng = np.random.default_rng(0)
    for k in range(count):
        img = rng.integers(0, 900, (20 + k % 7, 30, 1)).astype(np.uint16)
        facts = None if mask is None else mask_facts([mask])
        yield Observation(str(k), '', '', image_facts([img]), facts)


def figures(count, mask=None):
    every, about = list(observations(count, mask)), About()
    return dataset_figures(every, count_classes(every, about), about)


@pytest.mark.parametrize('count', [1, 3, 300])
def test_figures_of_few_and_of_many(count):
    mask = np.zeros((20, 30), np.uint8)
    mask[3:9, 4:8], mask[15, 15] = 1, 2
    found = figures(count, mask)
    assert list(found) == [
        *('Sizes', 'Foreground of an image', 'Sizes of components'),
        'Intensities',
    ]
    assert '>height in pixels</text>' in found['Sizes']
    assert f'>{-(-count // 7)} of 20 x 30</text>' in found['Sizes']
    assert len(found['Intensities']) < 100_000


def test_what_is_not_there_is_not_drawn():
    assert list(figures(2)) == ['Sizes', 'Intensities']
    assert figures(0) == {}
    empty = figures(2, np.zeros((20, 30), np.uint8))
    assert 'Sizes of components' not in empty


def test_images_without_a_number_have_no_intensities():
    img = np.full((9, 9), np.nan, np.float32)
    every = [Observation('a', '', '', image_facts([img]), None)]
    assert list(dataset_figures(every, [], About())) == ['Sizes']
