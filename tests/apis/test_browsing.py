import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmseg_medical.apis.browsing import browse


class Samples(list):
    overlapping = False


def packed(img, mask=None, **meta):
    sample = SegDataSample(metainfo=dict(img_id='a/b') | meta)
    if mask is not None:
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(mask))
    inputs = torch.from_numpy(img.transpose(2, 0, 1))
    return dict(inputs=inputs, data_samples=sample)


def test_a_sample_is_drawn_and_said():
    mask = np.zeros((1, 30, 40), np.uint8)
    mask[:, 5:20, 5:20] = 1
    img = np.full((30, 40, 1), 7, np.int16)
    img[0, 0] = -3
    (one,) = browse(Samples([packed(img, mask)]), 1)
    assert one.name == 'a_b'
    assert one.draw([[0, 0, 0], [9, 8, 7]])[5, 5].tolist() == [7, 8, 9]
    picture = one.picture([])
    assert picture.caption == '30 x 40, 1 of int16, -3 … 7'
    assert picture.plain != picture.drawn


def test_without_a_mask_there_is_the_image():
    (one,) = browse(Samples([packed(np.zeros((30, 40, 3), np.uint8))]), 1)
    assert one.mask is None
    assert not one.draw([]).any()
    picture = one.picture([])
    assert picture.plain == picture.drawn


@pytest.mark.parametrize('channels', [3, 5])
def test_slices_are_no_colours(channels):
    img = np.zeros((30, 40, channels), np.uint8)
    img += np.arange(channels, dtype=np.uint8) * 10
    stack = packed(img, img_path=[f'{k}.png' for k in range(channels)])
    (one,) = browse(Samples([stack]), 1)
    assert (one.draw([]) == channels // 2 * 10).all()
    colours = packed(img[..., :3], img_path='a.png')
    (one,) = browse(Samples([colours]), 1)
    assert one.draw([])[0, 0].tolist() == [0, 10, 20]


def test_planes_of_one_class():
    samples = Samples([packed(np.zeros((30, 40, 1)), np.ones((1, 30, 40)))])
    samples.overlapping = True
    (one,) = browse(samples, 1)
    assert one.draw([[9, 8, 7]])[0, 0].tolist() == [7, 8, 9]


def test_each_sample_has_its_seed():
    class Noise(Samples):
        def __getitem__(self, index):
            return packed(np.random.rand(4, 4, 1))

    first, again, other = (
        [one.img for one in browse(Noise(), 2, seed=seed)]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first, other)
