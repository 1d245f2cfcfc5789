import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import Pipeline
from mmseg_medical.postprocessing.sweep import sweep_sizes, sweep_triplets

SIZES = [0, 1, 2, 5, 9, 30]


def counts(mask, gt):
    used, there = gt != 255, gt == 1
    parts = mask & there, mask & used & ~there, ~mask & there
    return [int(part.sum()) for part in parts]


def by_pipeline(probs, gt, *steps):
    """Counts of a pipeline, as a plain loop takes them."""
    pipeline = Pipeline(steps, task='binary', labels=['fg'])
    return counts(pipeline(probs[None])[0], gt)


def sizes_by_loop(probs, gt, thresholds, sizes, connectivity=8):
    return [
        [
            by_pipeline(
                *(probs, gt, dict(type='threshold', mask_thr=thr)),
                dict(
                    type='remove_small',
                    min_size=size,
                    connectivity=connectivity,
                ),
            )
            for size in sizes
        ]
        for thr in thresholds
    ]


def smooth(rng, shape, width, kind):
    probs = ndimage.gaussian_filter(rng.normal(size=shape), width)
    probs = (probs - probs.min()) / max(np.ptp(probs), 1e-9)
    return np.round(probs * np.iinfo(kind).max).astype(kind)


def test_counts_by_hand():
    probs = np.array([[200, 200, 0, 100], [0, 0, 0, 100]], np.uint8)
    gt = np.array([[1, 0, 1, 1], [0, 0, 0, 255]], np.uint8)
    found = sweep_sizes(probs, gt, [0.2, 0.6, 0.9], [0, 2, 3])
    assert found.positives == 3
    assert found.predicted.tolist() == [[3, 3, 0], [2, 2, 0], [0, 0, 0]]
    assert found.hits.tolist() == [[2, 2, 0], [1, 1, 0], [0, 0, 0]]
    assert found.counts[0].tolist() == [[2, 1, 1], [2, 1, 1], [0, 0, 3]]


@pytest.mark.parametrize('connectivity', [4, 8])
@pytest.mark.parametrize('kind', [np.uint8, np.uint16])
@pytest.mark.parametrize('width', [0, 0.7, 2])
def test_sizes_as_a_loop_counts_them(width, kind, connectivity):
    rng = np.random.default_rng(0)
    probs = smooth(rng, (31, 44), width, kind)
    gt = rng.choice([0, 0, 1, 255], size=probs.shape).astype(np.uint8)
    # On and between the levels, each twice, and at both ends.
    thresholds = np.sort([0, 0, 0.2, 0.2, 0.35, 128 / 255, 0.61, 0.97, 1])
    found = sweep_sizes(
        probs, gt, thresholds, SIZES, connectivity=connectivity
    )
    expected = sizes_by_loop(probs, gt, thresholds, SIZES, connectivity)
    assert found.counts.tolist() == expected
    assert len({str(row) for row in expected}) > 4


@given(
    hnp.arrays(
        np.uint8,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=7),
        elements=st.sampled_from([0, 50, 51, 100, 255]),
    ),
    st.sampled_from([4, 8]),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_ties_and_all_shapes_of_neighbours(probs, connectivity, random):
    gt = np.array([random.choice([0, 1, 255]) for _ in range(probs.size)])
    gt = gt.reshape(probs.shape).astype(np.uint8)
    thresholds = [0, 0.196, 0.2, 0.3, 1]
    found = sweep_sizes(
        probs, gt, thresholds, [0, 2, 3, 6], connectivity=connectivity
    )
    assert found.counts.tolist() == sizes_by_loop(
        probs, gt, thresholds, [0, 2, 3, 6], connectivity
    )


def test_a_real_image_as_a_map(real_data):
    folder = real_data('cxr_lungs')
    path = next((folder / 'masks_lung').iterdir())
    gt = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[::4, ::4] > 0
    (image,) = (folder / 'images').glob(f'{path.stem}.*')
    probs = 255 - cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)[::4, ::4]
    thresholds, sizes = np.arange(1, 20) / 20, [0, 20, 300]
    found = sweep_sizes(probs, gt, thresholds, sizes)
    assert found.counts.tolist() == sizes_by_loop(probs, gt, thresholds, sizes)


def test_as_many_thresholds_as_there_are():
    rng = np.random.default_rng(1)
    probs = smooth(rng, (20, 30), 1, np.uint16)
    gt = rng.random(probs.shape) < 0.5
    thresholds = np.linspace(0, 1, 255)
    found = sweep_sizes(probs, gt, thresholds, SIZES)
    some = slice(3, None, 41)
    assert found.counts[some].tolist() == sizes_by_loop(
        probs, gt, thresholds[some], SIZES
    )
    with pytest.raises(InputError, match='255 thresholds at most, got 256'):
        sweep_sizes(probs, gt, np.linspace(0, 1, 256), SIZES)


def test_triplets_as_a_loop_counts_them():
    rng = np.random.default_rng(2)
    probs = smooth(rng, (25, 36), 1, np.uint8)
    gt = rng.choice([0, 1, 255], size=probs.shape).astype(np.uint8)
    tops, sizes, thresholds = [0.5, 0.8, 1.0], [0, 1, 40], [0.1, 0.3, 1.0]
    found = sweep_triplets(probs, gt, tops, sizes, thresholds)
    expected = [
        [
            [
                by_pipeline(
                    *(probs, gt),
                    dict(
                        type='triplet',
                        top_score_thr=top,
                        min_size=size,
                        mask_thr=thr,
                    ),
                )
                for thr in thresholds
            ]
            for size in sizes
        ]
        for top in tops
    ]
    assert found.counts.tolist() == expected
    # One sure pixel is a doublet.
    assert expected[1][1][0] == by_pipeline(
        *(probs, gt), dict(type='doublet', top_score_thr=0.8, mask_thr=0.1)
    )


def test_nothing_and_everything():
    probs = np.zeros((3, 4), np.uint8)
    gt = np.ones((3, 4), bool)
    assert not sweep_sizes(probs, gt, [0.5], [0]).predicted.any()
    found = sweep_sizes(probs + 255, gt, [0.0, 0.5], [0, 12, 13])
    assert found.hits.tolist() == [[12, 12, 0]] * 2
    assert not sweep_triplets(probs, gt, [0.5], [1], [0.0]).predicted.any()
