import pytest
import torch

from mmseg_medical.models.pixel_maps import Planes, kind_of


def test_vectors_of_a_mirrored_image_change_their_sign():
    values = torch.arange(8.0).view(2, 2, 2)
    undo = kind_of('hv').undo
    assert (undo(values, 'hflip')[0] == -values[0]).all()
    assert (undo(values, 'hflip')[1] == values[1]).all()
    assert (undo(values, 'vflip')[1] == -values[1]).all()
    assert (undo(values, 'rot180') == -values).all()
    assert (undo(values, 'transpose') == values.flip(0)).all()


def test_rays_of_a_mirrored_image_change_their_places():
    rays = torch.tensor([10.0, 0, 1, 2, 3, 4, 5, 6, 7]).view(9, 1, 1)
    undo = kind_of('star').undo

    def order(symmetry):
        return undo(rays, symmetry).flatten().tolist()

    # 0 is right, 2 down, 4 left, 6 up.
    assert order('identity') == [10, 0, 1, 2, 3, 4, 5, 6, 7]
    assert order('hflip') == [10, 4, 3, 2, 1, 0, 7, 6, 5]
    assert order('vflip') == [10, 0, 7, 6, 5, 4, 3, 2, 1]
    assert order('rot180') == [10, 4, 5, 6, 7, 0, 1, 2, 3]
    assert order('transpose') == [10, 2, 1, 0, 7, 6, 5, 4, 3]


def test_what_the_head_gives_becomes_what_it_learns():
    given = torch.tensor([0.0, -3.0, 2.0]).view(3, 1, 1)
    star = kind_of('star').activate(given).flatten().tolist()
    assert star == [0.5, 0, 2]
    assert kind_of('hv').activate(given) is given
    assert kind_of('anything').scale(given, 2) is given


@pytest.mark.parametrize('name', ['', 'distance', 'hv', 'star'])
def test_planes_are_resized_and_merged(name):
    torch.manual_seed(0)
    values = torch.rand(1 + 5, 6, 4) * 2 - 0.5
    planes = Planes(1, name)
    larger = planes.resize(values, (12, 8))
    assert larger.shape == (6, 12, 8)
    factor = larger[-1].mean() / values[-1].mean()
    assert factor.item() == pytest.approx(2 if name == 'star' else 1, 1e-4)
    assert larger[1].mean().item() == pytest.approx(values[1].mean().item())
    merge = planes.merge('max', exclusive=False)
    merge.add(values)
    merge.add(-values, 3.0)
    merged = merge.result()
    torch.testing.assert_close(merged[0], values[0].abs())
    below = values[1:].abs() if name == '' else -0.5 * values[1:]
    torch.testing.assert_close(merged[1:], below)
