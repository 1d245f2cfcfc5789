import numpy as np
import pytest

from mmseg_medical.postprocessing._planes import above, components, levels_of


def test_thresholds_mean_the_same_of_floats_and_of_levels():
    probs = np.array([[0.0, 0.5, 0.6, 1.0]])
    assert above(probs, 0.5).tolist() == [[False, False, True, True]]
    for kind, levels in ((np.uint8, 255), (np.uint16, 65535)):
        stored = np.round(probs * levels).astype(kind)
        assert levels_of(stored) == levels
        assert above(stored, 0.55).tolist() == [[False, False, True, True]]
        assert not above(stored, 1.0).any()


@pytest.mark.parametrize(
    ('connectivity', 'sizes'), [(4, [0, 1, 3]), (8, [0, 4])]
)
def test_parts_have_sizes_and_boxes(connectivity, sizes):
    mask = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]], bool)
    labels, found, boxes = components(mask, connectivity)
    assert found.tolist() == sizes
    assert labels[0, 0] == 1
    assert labels[2, 2] == len(sizes) - 1
    last = [0, 0, 3, 3] if connectivity == 8 else [1, 1, 2, 2]
    assert boxes[-1].tolist() == last
