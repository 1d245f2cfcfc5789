import cv2
import numpy as np
import pytest

from mmseg_medical.datasets.checks.axes import (
    Outlines,
    check_axes,
    contrasts,
)
from mmseg_medical.datasets.checks.finding import About, Severity


def scene(seed, size=(200, 200)):
    """Noise with a bright ellipse off the diagonal, and its mask."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(size, np.uint8)
    centre = tuple(int(v) for v in rng.integers((30, 100), (80, 150)))
    cv2.ellipse(mask, centre, (25, 12), 30, 0, 360, 1, -1)
    img = rng.integers(80, 120, (*size, 3)).astype(np.uint8)
    img[mask > 0] += 90
    return img, mask


def watched(img, mask):
    outlines = Outlines()
    assert [one is img for one in outlines.of_image([img])] == [True]
    assert len(list(outlines.of_mask([mask]))) == 1
    return outlines.contrasts


@pytest.mark.parametrize('dtype', [np.uint8, np.int16, np.float32])
def test_outlines_lie_on_edges(dtype):
    img, mask = scene(0)
    as_is, turned = watched(img.astype(dtype), mask)
    assert as_is > 2 * turned
    assert watched(img.astype(dtype), mask.T) == pytest.approx(
        (turned, as_is), rel=1e-4
    )
    planes = np.stack([mask, mask * 0], 2)
    assert watched(img, planes) == watched(img, mask)


def test_what_cannot_be_compared():
    img, mask = scene(0)
    assert watched(img, mask * 0) is None
    assert watched(img * 0, mask) is None
    assert watched(img[:100], mask[:100]) is None
    flat = np.ones((4, 4), np.float32)
    assert contrasts(flat, flat) is None


def test_masks_that_were_turned(observed):
    scenes = [scene(seed) for seed in range(8)]
    right, wrong = (
        [
            observed(str(k), contrasts=watched(img, mask), dialect=dialect)
            for k, (img, mask) in enumerate(some)
        ]
        for some, dialect in (
            (scenes, ''),
            ([(img, mask.T) for img, mask in scenes], 'kaggle'),
        )
    )
    assert not list(check_axes(right, About()))
    assert not list(check_axes(wrong[:7], About()))  # may be chance
    assert not list(check_axes(right[:4] + wrong[:4], About()))
    (found,) = check_axes(wrong, About(takes=frozenset(['rle_dialect'])))
    assert found.severity == Severity.ERROR
    assert found.names == tuple('01234567')
    assert found.config == dict(dataset=dict(rle_dialect='kaggle_row'))
    (found,) = check_axes(wrong, About())
    assert "'kaggle_row'?" in found.cure
    assert not found.config
