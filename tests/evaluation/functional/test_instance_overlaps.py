import numpy as np
import pytest

from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.runs_geometry import runs_of_labels
from mmseg_medical.evaluation.functional import (
    instance_overlaps,
    object_overlaps,
)
from mmseg_medical.evaluation.functional.instance_overlaps import _count


def labels(seed, shape=(23, 31), count=9):
    """Rectangles that lie over each other."""
    rng = np.random.default_rng(seed)
    ids = np.zeros(shape, np.int32)
    for k in rng.permutation(count) + 1:
        top, left = rng.integers(0, 18, 2)
        height, width = rng.integers(1, 9, 2)
        ids[top : top + height, left : left + width] = k
    return ids


def expected(true, pred):
    """Mask by mask."""
    pred = np.where(true < 0, 0, pred)
    ts, ps = (np.unique(x[x > 0]) for x in (true, pred))
    pairs = [
        (i, j, int(((true == t) & (pred == p)).sum()))
        for i, t in enumerate(ts)
        for j, p in enumerate(ps)
    ]
    return (
        [int((true == t).sum()) for t in ts],
        [int((pred == p).sum()) for p in ps],
        [pair for pair in pairs if pair[2]],
        [np.argwhere(true == t).mean(0).tolist() for t in ts],
    )


def check(found, true, pred):
    sizes, pred_sizes, pairs, centres = expected(true, pred)
    assert found.true_sizes.tolist() == sizes
    assert found.pred_sizes.tolist() == pred_sizes
    triples = zip(found.true, found.pred, found.shared, strict=True)
    assert [tuple(map(int, one)) for one in triples] == pairs
    np.testing.assert_allclose(found.true_centres, centres)


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('dtype', [np.int32, np.uint16, np.int64])
def test_pairs_are_counted(seed, dtype):
    true, pred = labels(seed), labels(seed + 10)
    found = instance_overlaps(true.astype(dtype), pred.astype(dtype))
    check(found, true, pred)
    union = found.true_sizes[found.true] + found.pred_sizes[found.pred]
    np.testing.assert_allclose(
        found.ious, found.shared / (union - found.shared)
    )


def test_ids_that_are_far_apart_or_many():
    true, pred = labels(0), labels(1)
    plain = instance_overlaps(true, pred)
    shift = np.where(true > 0, 2**31 - 100, 0).astype(np.int32)
    far = instance_overlaps(true + shift, pred * 999)
    many = np.arange(300 * 300, dtype=np.int32).reshape(300, 300)
    every = instance_overlaps(many, many)
    assert (every.shared == 1).all()
    assert len(every.true) == 300 * 300 - 1
    np.testing.assert_array_equal(every.true_centres[-1], np.array([299, 299]))
    for name, value in vars(plain).items():
        np.testing.assert_array_equal(getattr(far, name), value)


def test_ignored_pixels_do_not_count():
    true, pred = labels(2), labels(3)
    true[:, 12:] = -1
    found = instance_overlaps(true, pred)
    check(found, true, pred)
    nothing = instance_overlaps(np.full((3, 4), -1), np.ones((3, 4), int))
    assert [len(x) for x in vars(nothing).values()] == [0] * 7


def test_compiled_or_not():
    true, pred = labels(4), labels(5)
    results = []
    for function in (_count, _count.fallback):
        table = np.zeros((10, 10), np.int64)
        sums = [np.zeros((10, 2), np.int64) for _ in range(2)]
        function(true, pred, table, *sums)
        results.append((table, sums[0][1:], sums[1][1:]))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


def test_instances_of_one_type_alone():
    true, pred = labels(0), labels(1)
    whole = instance_overlaps(true, pred)
    chosen = np.arange(len(whole.true_sizes)) % 2 == 0
    kept = np.arange(len(whole.pred_sizes)) != 1
    ids = [np.unique(x[x > 0]) for x in (true, pred)]
    found = whole.select(chosen, kept)
    check(
        found,
        np.where(np.isin(true, ids[0][chosen]), true, 0),
        np.where(np.isin(pred, ids[1][kept]), pred, 0),
    )


@pytest.mark.parametrize(
    ('true', 'pred', 'message'),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), 'differ in shape'),
        (np.zeros((2, 3)), np.zeros((2, 3), int), 'mask are float64'),
        (np.zeros((2, 3), int), -np.ones((2, 3), int), 'id -1, below 0'),
    ],
)
def test_what_is_no_map_of_instances(true, pred, message):
    with pytest.raises(ValueError, match=message):
        instance_overlaps(true, pred)


def test_objects_give_what_ids_give():
    true, pred = labels(0), labels(1)
    sides = [[*runs_of_labels(ids).values()] for ids in (true, pred)]
    found = object_overlaps(*sides)
    expected = instance_overlaps(true, pred)
    for name, value in vars(expected).items():
        np.testing.assert_allclose(getattr(found, name), value, err_msg=name)


def test_objects_that_lie_over_each_other():
    whole = Runs.from_mask(np.ones((2, 3), np.uint8), 'C')
    part = Runs.from_mask(np.eye(2, 3, dtype=np.uint8), 'F')
    found = object_overlaps([whole, part], [part, whole])
    assert found.shared.tolist() == [2, 6, 2, 2]
    np.testing.assert_allclose(found.ious, [1 / 3, 1, 1, 1 / 3])
    assert object_overlaps([], [part]).pred_sizes.tolist() == [2]
    assert object_overlaps([], []).shared.size == 0
    other = Runs.from_mask(np.ones((3, 3), np.uint8), 'F')
    with pytest.raises(ValueError, match=r'sizes: \[\(2, 3\), \(3, 3\)\]'):
        object_overlaps([whole], [other])
