import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial.distance import directed_hausdorff

from mmseg_medical.evaluation.functional import (
    average_surface_distance,
    hausdorff,
    surface_dice,
    surface_distances,
)

masks = hnp.arrays(bool, (2, 6, 7))


def balls(seed, shape):
    """A ball and a neighbour of it, as bool arrays."""
    rng = np.random.default_rng(seed)
    grid = np.indices(shape)
    out = []
    for _ in range(2):
        center = np.array(shape) * rng.uniform(0.4, 0.6, len(shape))
        radius = min(shape) * rng.uniform(0.2, 0.35)
        square = ((grid.T - center) ** 2).sum(-1).T
        out.append(square < radius**2)
    return out


CASES = [
    (balls(0, (40, 50)), (1.0, 1.0)),
    (balls(1, (40, 50)), (0.7, 2.5)),
    (balls(2, (12, 30, 26)), (3.0, 1.5, 1.5)),
    (balls(3, (16, 16, 16)), (1.0, 1.0, 1.0)),
]


def test_squares_by_hand():
    """Two squares of 3 x 3, one of them three pixels to the right."""
    pred, gt = np.zeros((2, 7, 12))
    pred[2:5, 2:5] = 1
    gt[2:5, 5:8] = 1
    found = surface_distances(pred, gt, spacing=(1, 2))
    assert sorted(found.pred_to_gt) == [2, 2, 2, 4, 4, 6, 6, 6]
    assert sorted(found.gt_to_pred) == [2, 2, 2, 4, 4, 6, 6, 6]
    assert hausdorff(found) == 6
    assert average_surface_distance(found) == 4
    assert surface_dice(found, 1.9) == 0
    assert surface_dice(found, 2) == 3 / 8
    assert surface_dice(found, 6) == 1


def test_one_pixel_in_each():
    pred, gt = np.zeros((2, 5, 5), bool)
    pred[1, 1] = gt[4, 1] = True
    found = surface_distances(pred, gt, spacing=0.5)
    assert found.pred_to_gt.tolist() == found.gt_to_pred.tolist() == [1.5]


def test_a_hole_has_a_surface():
    gt = np.ones((9, 9), bool)
    pred = gt.copy()
    pred[4, 4] = False
    assert hausdorff(surface_distances(pred, gt)) == 3


def test_both_empty():
    found = surface_distances(*np.zeros((2, 4, 4)))
    assert found.both_empty
    assert not found.one_empty
    assert hausdorff(found) == average_surface_distance(found) == 0
    assert surface_dice(found, 1) == 1
    assert hausdorff(found, percentile=95, pooled=True, empty=7) == 7
    assert average_surface_distance(found, empty=7) == 7
    assert surface_dice(found, 1, empty=0.5) == 0.5


@pytest.mark.parametrize('swap', [False, True])
def test_one_empty(swap):
    pair = [np.zeros((4, 4)), np.eye(4)]
    found = surface_distances(*pair[:: -1 if swap else 1])
    assert found.one_empty
    assert not found.both_empty
    for pooled in (False, True):
        assert hausdorff(found, percentile=95, pooled=pooled) == np.inf
    assert average_surface_distance(found) == np.inf
    assert surface_dice(found, 100) == 0


@pytest.mark.parametrize(('pair', 'spacing'), CASES)
def test_hausdorff_and_surface_dice_of_monai(pair, spacing):
    monai = pytest.importorskip('monai.metrics')
    torch = pytest.importorskip('torch')
    theirs = [torch.from_numpy(mask[None, None]) for mask in pair]
    found = surface_distances(*pair, spacing=spacing)
    for percentile in (50, 95, 100):
        reference = monai.compute_hausdorff_distance(
            *theirs,
            include_background=True,
            percentile=percentile,
            spacing=spacing,
        )
        ours = hausdorff(found, percentile=percentile)
        assert ours == pytest.approx(float(reference), rel=1e-5)
    reference = monai.compute_average_surface_distance(
        *theirs, include_background=True, symmetric=True, spacing=spacing
    )
    assert average_surface_distance(found) == pytest.approx(
        float(reference), rel=1e-5
    )
    for tolerance in (0.9, 2.1, 4.2):
        reference = monai.compute_surface_dice(
            *theirs, [tolerance], include_background=True, spacing=spacing
        )
        assert surface_dice(found, tolerance) == pytest.approx(
            float(reference), rel=1e-5
        )


@pytest.mark.parametrize(('pair', 'spacing'), CASES)
def test_pooled_percentile_of_distance_maps(pair, spacing):
    """What MedPy's hd95 does, written with scipy's distance transform."""
    edges = [mask ^ ndimage.binary_erosion(mask) for mask in pair]
    pool = [
        ndimage.distance_transform_edt(~other, sampling=spacing)[edge]
        for edge, other in zip(edges, edges[::-1], strict=True)
    ]
    reference = np.percentile(np.concatenate(pool), 95)
    found = surface_distances(*pair, spacing=spacing)
    ours = hausdorff(found, percentile=95, pooled=True)
    assert ours == pytest.approx(reference)


@pytest.mark.parametrize(('pair', 'spacing'), CASES)
def test_largest_distance_of_scipy(pair, spacing):
    points = [
        np.argwhere(mask ^ ndimage.binary_erosion(mask)) * spacing
        for mask in pair
    ]
    reference = max(
        directed_hausdorff(*points)[0], directed_hausdorff(*points[::-1])[0]
    )
    found = surface_distances(*pair, spacing=spacing)
    assert hausdorff(found) == pytest.approx(reference)


@given(masks)
def test_mask_and_prediction_may_change_places(pair):
    there = surface_distances(*pair)
    back = surface_distances(*pair[::-1])
    assert hausdorff(there, percentile=95) == hausdorff(back, percentile=95)
    assert surface_dice(there, 1) == surface_dice(back, 1)


@given(masks)
def test_a_mask_is_at_no_distance_to_itself(pair):
    found = surface_distances(pair[0], pair[0])
    assert hausdorff(found) == 0
    assert surface_dice(found, 0) == 1


@given(masks)
def test_distances_grow_with_the_spacing(pair):
    one = hausdorff(surface_distances(*pair), percentile=95)
    other = hausdorff(surface_distances(*pair, spacing=3), percentile=95)
    assert other == pytest.approx(3 * one)


def test_what_is_out_of_range_is_named():
    found = surface_distances(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match='percentile is 0 to 100, got 101'):
        hausdorff(found, percentile=101)
    for tolerance in (-1, np.nan, np.inf):
        with pytest.raises(ValueError, match='tolerance is a length'):
            surface_dice(found, tolerance)
