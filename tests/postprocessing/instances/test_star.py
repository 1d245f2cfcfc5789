import numpy as np
import pytest

from mmseg_medical.postprocessing.instances import star
from mmseg_medical.postprocessing.instances.star import star_labels


def squares(*centres, shape=(30, 40), side=4.2):
    """Scores and rays of squares around single pixels."""
    scores = np.zeros(shape, np.float32)
    angles = 2 * np.pi * np.arange(32) / 32
    reach = np.maximum(abs(np.cos(angles)), abs(np.sin(angles)))
    rays = np.zeros((32, *shape), np.float32)
    for row, column, score in centres:
        scores[row, column] = score
        rays[:, row, column] = side / reach
    return scores, rays


def test_a_polygon_is_painted_with_its_border():
    labels, scores = star_labels(*squares((10, 12, 0.9)))
    assert scores.tolist() == [np.float32(0.9)]
    expected = np.zeros((30, 40), np.int32)
    expected[6:15, 8:17] = 1
    # A ray between two corners cuts the square's corners off a little.
    assert (labels != expected).sum() <= 4


def test_the_higher_score_suppresses_what_shares_too_much():
    near = squares((10, 12, 0.9), (10, 14, 0.8), (10, 30, 0.7))
    labels, scores = star_labels(*near)
    np.testing.assert_allclose(scores, [0.9, 0.7])
    assert labels[10, 30] == 2
    both, three = star_labels(*near, overlap_thr=0.9)
    np.testing.assert_allclose(three, [0.9, 0.8, 0.7])
    assert (both[10, 8:17] == 1).all()
    assert (both[10, 17:19] == 2).all()
    _, few = star_labels(*near, score_thr=0.75)
    assert len(few) == 1


def test_polygons_at_the_border_of_the_image():
    labels, _ = star_labels(*squares((0, 0, 0.9), (29, 39, 0.9)))
    assert (labels[:4, :4] == 1).all()
    assert (labels[-4:, -4:] == 2).all()


@pytest.mark.parametrize('seed', range(4))
def test_compiled_or_not(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    scores = rng.random((25, 33)).astype(np.float32)
    rays = rng.uniform(0, 9, (8, 25, 33)).astype(np.float32)
    found = star_labels(scores, rays, score_thr=0.7)
    monkeypatch.setattr(star, '_suppress', star._suppress.fallback)
    expected = star_labels(scores, rays, score_thr=0.7)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    assert len(found[1]) > 3
