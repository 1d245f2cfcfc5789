import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.gate import gate

MASK = np.array([[True, False]])
PLANES = np.array([[[0.2, 0.1]], [[0.3, 0.7]]])


@pytest.mark.parametrize(('score_thr', 'stays'), [(0.69, True), (0.7, False)])
def test_the_maximum_of_all_classes_has_to_lie_above(score_thr, stays):
    found = gate(MASK, PLANES, {}, score_thr=score_thr)
    assert found.any() == stays
    levels = np.round(PLANES * 255).astype(np.uint8)
    assert gate(MASK, levels, {}, score_thr=0.69).any()


@pytest.mark.parametrize(('presence', 'stays'), [(0.4, True), (0.39, False)])
def test_a_classifier_has_to_reach(presence, stays):
    scores = dict(presence=presence)
    found = gate(MASK, PLANES, scores, score='presence', score_thr=0.4)
    assert found.any() == stays


def test_a_score_that_is_not_there():
    with pytest.raises(InputError, match=r"score 'presence' .* it has none"):
        gate(MASK, PLANES, {}, score='presence', score_thr=0.4)
