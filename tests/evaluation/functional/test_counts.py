import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.evaluation.functional import (
    areas_of,
    counts_of,
    joint_counts,
    overlap_counts,
)
from mmseg_medical.evaluation.functional.counts import _joint


def definition(pred, gt, n, ignore_index=255):
    used = gt != ignore_index
    return [
        [int(((gt == g) & (pred == p) & used).sum()) for p in range(n)]
        for g in range(n)
    ]


def blobs(seed, shape, n):
    """Label map of smooth regions."""
    coarse = np.random.default_rng(seed).integers(0, n, (9, 9), np.uint8)
    rows, columns = (np.arange(size) * 9 // size for size in shape)
    return coarse[np.ix_(rows, columns)]


def test_counts_by_hand():
    pred = np.array([[0, 1, 1], [2, 2, 0]])
    gt = np.array([[0, 1, 2], [2, 255, 1]])
    table = joint_counts(pred, gt, 3)
    assert table.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert overlap_counts(pred, gt, 3).tolist() == [
        [1, 1, 0, 3],
        [1, 1, 1, 2],
        [1, 0, 1, 3],
    ]


def test_overlapping_classes_by_hand():
    pred = np.array([[[1, 1, 0]], [[1, 0, 1]]])
    gt = np.array([[[1, 0, 0]], [[1, 1, 255]]])
    counts = overlap_counts(pred, gt, 2)
    assert counts.tolist() == [[1, 1, 0, 1], [1, 0, 1, 0]]


@pytest.mark.parametrize('n', [2, 6, 40, 127, 128, 200, 256, 300])
@pytest.mark.parametrize('shape', [(1, 1), (3, 5), (33, 47), (64, 64)])
def test_any_number_of_classes_and_pixels(n, shape):
    kind = np.uint8 if n <= 256 else np.uint16
    rng = np.random.default_rng(n)
    noise = rng.integers(0, n, (2, *shape), kind)
    regions = [blobs(k, shape, min(n, 256)) for k in range(2)]
    for pred, gt in (noise, regions):
        table = joint_counts(pred, gt, n, ignore_index=-1)
        assert table.sum() == gt.size
        reference = np.zeros((n, n), int)
        np.add.at(reference, (gt.ravel(), pred.ravel()), 1)
        np.testing.assert_array_equal(table, reference)


@given(
    hnp.arrays(np.uint8, (2, 5, 7), elements=st.sampled_from([0, 1, 2, 255]))
)
def test_compiled_loop_and_numpy_agree(maps):
    pred, gt = (np.ascontiguousarray(one.reshape(-1)) for one in maps)
    ours, wrong = _joint(pred, gt, 3, 255)
    plain, wrong_plain = _joint.fallback(pred, gt, 3, 255)
    assert wrong == wrong_plain == ((pred == 255) & (gt != 255)).sum()
    if not wrong:
        np.testing.assert_array_equal(ours, plain)
        assert ours.tolist() == definition(pred, gt, 3)


@pytest.mark.parametrize('ignore_index', [0, 1, 255, 254, -100, 1000])
def test_every_ignore_index(ignore_index):
    pred = blobs(0, (40, 50), 3).astype(np.int64)
    gt = blobs(1, (40, 50), 3).astype(np.int64)
    gt[:7] = ignore_index
    table = joint_counts(pred, gt, 3, ignore_index=ignore_index)
    assert table.tolist() == definition(pred, gt, 3, ignore_index)


@pytest.mark.parametrize(
    'kind', [bool, np.uint8, np.int8, np.uint16, np.int64, np.uint64]
)
def test_every_type_and_memory_layout(kind):
    pred, gt = (blobs(k, (40, 50), 2) for k in range(2))
    expected = definition(pred, gt, 2)
    wide = np.zeros((3, 41, 51), kind)  # a plane at an odd address
    wide[1, 1:, 1:] = gt
    for one, other in (
        (pred.astype(kind), gt.astype(kind)),
        (pred, gt.astype(kind)),
        (np.asfortranarray(pred.astype(kind)), wide[1, 1:, 1:]),
        (pred[::-1, ::-1].astype(kind)[::-1, ::-1], gt),
    ):
        assert joint_counts(one, other, 2).tolist() == expected


def test_types_that_do_not_go_together():
    pred = np.array([[0, 1, 1]], np.uint64)
    gt = np.array([[0, 1, -100]])
    table = joint_counts(pred, gt, 2, ignore_index=-100)
    assert table.tolist() == [[1, 0], [0, 1]]


def test_what_is_predicted_on_ignored_pixels_has_no_influence():
    pred = np.array([[0, 200, 1, 1]])
    gt = np.array([[0, 255, 255, 1]])
    assert joint_counts(pred, gt, 2).tolist() == [[1, 0], [0, 1]]


def test_everything_ignored():
    ignored = np.full((9, 9), 255)
    counts = overlap_counts(np.ones((9, 9), int), ignored, 2)
    assert not counts.any()


def test_no_pixel_at_all():
    nothing = np.zeros((0, 5), np.uint8)
    assert not overlap_counts(nothing, nothing, 3).any()


@pytest.mark.parametrize('seed', range(3))
def test_confusion_matrix_of_others(seed):
    metrics = pytest.importorskip('torchmetrics.functional.classification')
    torch = pytest.importorskip('torch')
    pred, gt = blobs(seed, (30, 41), 5), blobs(seed + 9, (30, 41), 5)
    gt[3:5] = 255
    theirs = metrics.multiclass_confusion_matrix(
        *(torch.from_numpy(x.astype(np.int64)) for x in (pred, gt)),
        num_classes=5,
        ignore_index=255,
    )
    np.testing.assert_array_equal(joint_counts(pred, gt, 5), theirs.numpy())


def test_contingency_table_of_scikit_image():
    skimage_metrics = pytest.importorskip('skimage.metrics')
    pred, gt = blobs(4, (30, 41), 5), blobs(5, (30, 41), 5)
    theirs = skimage_metrics.contingency_table(gt, pred).toarray()
    np.testing.assert_array_equal(joint_counts(pred, gt, 5), theirs)


@pytest.mark.parametrize(
    ('pred', 'gt', 'message'),
    [
        (np.zeros((2, 2)), np.zeros((2, 3)), 'differ in shape'),
        (np.zeros((2, 2)), np.zeros((2, 2)), 'prediction are float64'),
        (np.zeros((1, 2), int), np.array([[0, 254]]), '0 and 255 have to be'),
        (np.zeros((1, 2), int), np.array([[0, 2]]), '0 … 1 or be 255'),
        (np.array([[0, 2]]), np.zeros((1, 2), int), 'of the prediction must'),
        (np.array([[0, -1]]), np.zeros((1, 2), int), r'found -1 … 0'),
        (np.zeros((3, 1, 2), int), np.zeros((3, 1, 2), int), 'each of 2'),
        (np.zeros(5, int), np.zeros(5, int), r'neither \(H, W\)'),
    ],
)
def test_what_is_wrong_is_named(pred, gt, message):
    with pytest.raises(ValueError, match=message):
        overlap_counts(pred, gt, 2)


def test_areas_are_counts_by_other_names():
    counts = np.array([[3, 1, 2, 10], [0, 0, 0, 5]])
    areas = areas_of(counts)
    assert areas['mask_area'].tolist() == [5, 0]
    assert areas['predicted_area'].tolist() == [4, 0]
    assert areas['hit_area'].tolist() == [3, 0]
    assert areas['counted_area'].tolist() == [16, 5]
    np.testing.assert_array_equal(counts_of(areas), counts)
    areas['hit_area'] = np.array([3, 1])
    with pytest.raises(ValueError, match='row 2 contradict each other'):
        counts_of(areas)
