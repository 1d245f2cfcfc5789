import pytest
import torch
from mmseg.structures import SegDataSample

from mmseg_medical.models.segmentors.checks import (
    check_channels,
    check_finite,
    check_stacked,
)


@pytest.mark.parametrize('means', [(), (1.0,), (1.0,) * 5])
def test_one_mean_for_each_channel_or_for_all(means):
    check_channels(dict(in_channels=5), dict(mean=means))
    check_channels({}, dict(mean=means))
    check_channels(dict(in_channels=5), None)


def test_other_numbers_of_means():
    with pytest.raises(ValueError, match=r'mean has 3 values, .* is 5; give'):
        check_channels(dict(in_channels=5), dict(mean=[0.0] * 3))


def test_images_that_nobody_stacked():
    check_stacked(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match='data_preprocessor is missing'):
        check_stacked([torch.zeros(3, 4, 4)])


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_losses_that_are_no_number_name_the_images(value):
    samples = [SegDataSample(metainfo=dict(img_id=k)) for k in 'ab']
    losses = {'decode.loss_ce': torch.tensor(0.5)}
    check_finite(losses, samples)
    losses['aux.loss_ce'] = torch.tensor([1.0, value])
    with pytest.raises(ValueError, match=r'0\.5, .* for images a, b; look at'):
        check_finite(losses, samples)
