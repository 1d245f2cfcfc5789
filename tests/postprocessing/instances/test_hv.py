import numpy as np

from mmseg_medical.postprocessing.instances.hv import hv_labels


def two(gap=0, shape=(30, 50)):
    """Probability and places of two squares beside each other."""
    prob = np.zeros(shape, np.float32)
    hv = np.zeros((2, *shape), np.float32)
    for left in (5, 25 + gap):
        prob[5:25, left : left + 20] = 1
        hv[0, 5:25, left : left + 20] = np.linspace(-1, 1, 20)
        hv[1, 5:25, left : left + 20] = np.linspace(-1, 1, 20)[:, None]
    return prob, hv


def test_places_that_start_anew_part_two_nuclei():
    labels = hv_labels(*two())
    assert (labels[5:25, 5:24] == 1).all()
    assert (labels[5:25, 26:45] == 2).all()
    assert not labels[:5].any()
    one, hv = two()
    hv[:] = 0
    # Without places they are one, and a flat map is no error.
    assert hv_labels(one, hv).max() <= 1


def test_thresholds_and_small_parts():
    prob, hv = two()
    prob[:, 25:] *= 0.6
    prob[28, 48] = 1
    assert hv_labels(prob, hv).max() == 2
    assert hv_labels(prob, hv, min_size=1)[28, 48] == 0  # has no marker
    high = hv_labels(prob, hv, mask_thr=0.7)
    assert high.max() == 1
    assert not high[:, 25:].any()
