import torch

from mmseg_medical.models.losses._distance import distances
from mmseg_medical.models.losses._inputs import as_channels


def both(region, ignored=()):
    region = torch.tensor(region)
    target = region.float()
    for column in ignored:
        target[column] = 255
    channels = as_channels(
        torch.zeros(1, 1, 1, len(region)), target.view(1, 1, 1, -1)
    )
    result = distances(region.view(1, 1, 1, -1), channels)
    assert all(x.dtype == torch.float32 for x in result)
    return [x.flatten().tolist() for x in result]


def test_on_a_line():
    outside, inside = both([False, False, True, True, True, False])
    assert outside == [2, 1, 0, 0, 0, 1]
    assert inside == [0, 0, 1, 2, 1, 0]


def test_ignored_pixels_are_no_boundary():
    region = [False, False, True, True, True, False]
    outside, inside = both(region, ignored=[5])
    assert outside[:5] == [2, 1, 0, 0, 0]
    assert inside[:5] == [0, 0, 1, 2, 3]


def test_without_two_sides_all_is_zero():
    for region in ([True] * 3, [False] * 3):
        assert both(region) == [[0, 0, 0], [0, 0, 0]]


def test_every_image_and_class_by_itself():
    target = torch.zeros(2, 2, 3, 4)
    target[0, 0, 0, 0] = target[1, 1, 2, 3] = 1
    channels = as_channels(torch.zeros(2, 2, 3, 4), target)
    outside, _ = distances(target > 0, channels)
    torch.testing.assert_close(outside[0, 0, 2, 3], torch.tensor(13.0).sqrt())
    torch.testing.assert_close(outside[1, 1, 0, 0], torch.tensor(13.0).sqrt())
    assert (outside[0, 1] == 0).all()
    assert (outside[1, 0] == 0).all()
