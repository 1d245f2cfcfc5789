import numpy as np
import pytest
from scipy import ndimage

from mmseg_medical.datasets.checks.facts import (
    MOST_LABELS,
    count_values,
    image_facts,
    mask_facts,
)
from mmseg_medical.datasets.checks.observation import SHARES


@pytest.mark.parametrize(
    'dtype', ['uint8', 'uint16', 'int16', 'int32', 'float32']
)
def test_quantiles_of_every_type(dtype):
    rng = np.random.default_rng(0)
    img = rng.integers(5, 120, (40, 50, 2)).astype(dtype)
    img[0, 0, 1] = 122
    facts = image_facts([img])
    assert facts.shape == (40, 50, 2)
    assert facts.dtype == dtype
    assert facts.finite
    assert facts.low == 5
    assert facts.high == 122
    flat = np.sort(img.reshape(-1, 2), 0)
    for share, found in zip(SHARES, facts.quantiles.T, strict=True):
        at = round(share * (len(flat) - 1))
        np.testing.assert_allclose(found, flat[at], atol=1)


def test_pixels_that_are_no_numbers():
    img = np.full((4, 5), 7, np.float32)
    img[1, 1], img[2, 2] = np.nan, np.inf
    facts = image_facts([img])
    assert not facts.finite
    assert (facts.low, facts.high) == (7, 7)
    assert np.isnan(image_facts([img * np.nan]).low)


def test_bands_are_one_image():
    rng = np.random.default_rng(0)
    img = rng.integers(0, 9999, (30, 20, 3)).astype(np.uint16)
    whole, bands = image_facts([img]), image_facts([img[:11], img[11:]])
    assert whole.digest == bands.digest
    np.testing.assert_array_equal(whole.quantiles, bands.quantiles)
    other = img.copy()
    other[-1, -1, -1] ^= 1
    assert image_facts([other]).digest != whole.digest
    flat = img.reshape(20, 30, 3)  # the same bytes, another image
    assert image_facts([flat]).digest != whole.digest
    labels = rng.integers(0, 3, (30, 20)).astype(np.uint8)
    whole, bands = mask_facts([labels]), mask_facts([labels[:9], labels[9:]])
    assert (whole.areas, whole.digest) == (bands.areas, bands.digest)
    assert whole.covered == bands.covered == np.count_nonzero(labels)
    assert not bands.sizes  # components would be cut
    with pytest.raises(ValueError, match='at least one band'):
        image_facts([])
    with pytest.raises(ValueError, match='at least one band'):
        mask_facts([])


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int32'])
def test_labels_are_counted(dtype):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (50, 60)).astype(dtype)
    labels[:5] = 255
    facts = mask_facts([labels])
    assert facts.shape == (50, 60)
    assert facts.planes is None
    assert facts.ignored == 300
    assert facts.pixels == 2700
    assert facts.areas == {k: int((labels == k).sum()) for k in range(4)}
    assert facts.covered == 2700 - facts.areas[0]
    assert facts.foreground.keys() == {1, 2, 3}
    assert facts.values is None
    for k in (1, 2, 3):
        _, count = ndimage.label(labels == k, np.ones((3, 3)))
        assert facts.sizes[k].sum() == count
    assert count_values(labels)[255] == 300


def test_sizes_of_components_are_half_octaves():
    labels = np.zeros((20, 20), np.uint8)
    labels[0, 0] = labels[2, 2] = 1  # one pixel: 2 * log2(1) = 0
    labels[5:9, 5:9] = 1  # 16 pixels: 8
    labels[12:17, 12:17] = 1  # 25 pixels: 9.29
    sizes = mask_facts([labels]).sizes[1]
    assert {k: int(sizes[k]) for k in np.flatnonzero(sizes)} == {
        0: 2,
        8: 1,
        9: 1,
    }


def test_planes_may_share_pixels():
    planes = np.zeros((6, 8, 3), np.uint8)
    planes[:3, :, 0] = planes[2:4, :, 1] = 1
    planes[5] = 255
    facts = mask_facts([planes])
    assert facts.planes == 3
    assert facts.areas == {0: 24, 1: 16, 2: 0}
    assert facts.shared == {(0, 1): 8}
    assert facts.covered == 32
    assert facts.ignored == 8
    assert facts.share == 32 / 40
    assert facts.foreground == {0: 24, 1: 16}


def test_255_alone_is_foreground_where_nobody_says_what_it_is():
    labels = np.zeros((6, 8), np.uint8)
    labels[2:4] = 255
    facts = mask_facts([labels], stored=True)
    assert facts.values == {0: 32, 255: 16}
    assert facts.areas == {0: 32, 1: 16}
    assert facts.ignored == 0
    assert facts.sizes[1].sum() == 1
    assert mask_facts([labels]).ignored == 16
    labels[5] = 1
    facts = mask_facts([labels], stored=True)
    assert facts.areas == {0: 24, 1: 8}
    assert facts.ignored == 16


def test_shades_are_no_classes_whose_components_count():
    labels = np.arange(2 * MOST_LABELS, dtype=np.uint8).reshape(8, -1)
    facts = mask_facts([labels])
    assert len(facts.areas) == 2 * MOST_LABELS
    assert not facts.sizes
