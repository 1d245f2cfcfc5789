import itertools

import pytest
import torch

from mmseg_medical.models.views import SYMMETRIES, Merge
from mmseg_medical.models.windows import Canvas, Grid, predict_maps, starts


def pointwise(windows):
    """Two maps and one output per window; knows single pixels only."""
    batch = torch.stack(windows).float()
    maps = torch.stack([batch[:, 0] / 255, 1 - batch[:, 1] / 255], 1)
    return maps, batch.mean((1, 2, 3))[:, None]


def image(height, width, seed=0):
    torch.manual_seed(seed)
    return torch.randint(0, 256, (3, height, width), dtype=torch.uint8)


@pytest.mark.parametrize(
    ('size', 'crop', 'stride', 'expected'),
    [
        (10, 4, 3, [0, 3, 6]),
        (11, 4, 3, [0, 3, 6, 7]),
        (4, 4, 2, [0]),
        (3, 4, 2, [0]),
        (5, 4, 4, [0, 1]),
    ],
)
def test_windows_cover_a_line_and_stay_in_it(size, crop, stride, expected):
    assert starts(size, crop, stride) == expected


@pytest.mark.parametrize('weight', ['constant', 'gaussian'])
@pytest.mark.parametrize('batch_size', [1, 3, 8])
@pytest.mark.parametrize(
    ('size', 'crop', 'stride'),
    [
        ((37, 53), (16, 16), (12, 8)),
        ((64, 64), (32, 16), (32, 16)),
        ((16, 50), (32, 32), (24, 24)),
        ((7, 5), (8, 8), (8, 8)),
        ((40, 41), (16, 24), (1, 24)),
    ],
)
def test_windows_of_a_pointwise_network_are_the_whole(
    weight, batch_size, size, crop, stride
):
    img = image(*size)
    grid = Grid(crop, stride, weight=weight)
    ((out, outputs),) = predict_maps(
        [img], pointwise, grid, batch_size=batch_size
    )
    torch.testing.assert_close(out, pointwise([img])[0][0])
    assert outputs.shape == (len(list(grid.windows(size))), 1)


def test_images_of_several_sizes_share_passes():
    passes = []

    def forward(windows):
        passes.append(len(windows))
        return pointwise(windows)

    imgs = [image(16, 40, 1), image(16, 24, 2), image(48, 16, 3)]
    grid = Grid((16, 16), (8, 8))
    maps = list(predict_maps(imgs, forward, grid, batch_size=4))
    for img, (out, _) in zip(imgs, maps, strict=True):
        torch.testing.assert_close(out, pointwise([img])[0][0])
    # 4 + 2 + 5 windows
    assert passes == [4, 4, 3]


@pytest.mark.parametrize('kind', ['mean', 'geometric', 'max'])
def test_views_are_merged_before_windows(kind):
    img = image(37, 53)
    ((out, outputs),) = predict_maps(
        [img],
        pointwise,
        Grid((16, 24), (8, 24)),
        symmetries=dict.fromkeys(SYMMETRIES, 1.0),
        merge=lambda: Merge(kind),
        batch_size=5,
    )
    expected = pointwise([img])[0][0]
    if kind == 'geometric':  # 0 and 1 are moved by 1e-7
        expected = expected.clamp(1e-7, 1 - 1e-7)
    torch.testing.assert_close(out, expected, atol=2e-6, rtol=0)
    assert outputs.isfinite().all()


def test_windows_weigh_as_their_profile_says():
    """A network that answers with the number of its pass."""
    count = itertools.count(1)

    def forward(windows):
        value = torch.full((1, 1, 4, 4), float(next(count)))
        return value, torch.empty(1, 0)

    img = image(4, 6)
    grid = Grid((4, 4), (2, 2))
    ((out, _),) = predict_maps([img], forward, grid)
    assert out[0, 0].tolist() == [1, 1, 1.5, 1.5, 2, 2]
    count = itertools.count(1)
    grid = Grid((4, 4), (2, 2), weight='gaussian')
    ((out, _),) = predict_maps([img], forward, grid)
    row = out[0, 1].tolist()
    assert row[:2] == [1, 1]
    assert 1 < row[2] < 1.5 < row[3] < 2
    assert row[2] - 1 == pytest.approx(2 - row[3], abs=1e-6)


def test_maps_of_bytes_are_rounded():
    img = image(33, 40)
    ((out, _),) = predict_maps(
        [img], pointwise, Grid((16, 16), (12, 12)), dtype=torch.uint8
    )
    torch.testing.assert_close(out[0], img[0])


def test_only_a_band_of_rows_is_summed():
    grid = Grid((8, 16), (4, 16))
    canvas = Canvas(grid, (400, 16))
    for window in grid.windows((400, 16)):
        canvas.add(window, torch.ones(1, 8, 16))
        assert canvas._band.shape == (1, 8, 16)
    assert (canvas.finish() == 1).all()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(crop_size=(8, 8), stride=(9, 8)), 'leave gaps'),
        (dict(crop_size=(8, 8), stride=(0, 8)), 'at least 1'),
        (dict(weight='hann'), "'constant' or 'gaussian', got 'hann'"),
    ],
)
def test_grids_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Grid(**arguments)
