import numpy as np

from mmseg_medical.instance_maps._boxes import boxes


def test_ids_that_are_far_apart():
    inst_map = np.array([[7, 7, -1], [0, 2**31 - 1, 2**31 - 1]], np.int32)
    found = dict(boxes(inst_map))
    assert found == {
        7: (slice(0, 1), slice(0, 2)),
        2**31 - 1: (slice(1, 2), slice(1, 3)),
    }
    assert [*boxes(np.full((1, 2), 2**30, np.int32))] == [
        (2**30, (slice(0, 1), slice(0, 2)))
    ]
    assert [*boxes(np.zeros((1, 4), np.int32))] == []
