import pytest
import torch
from mmseg.registry import MODELS

from mmseg_medical.models.image_heads.base import mean_of_known


def test_what_is_not_known_has_no_influence():
    losses = torch.tensor([1.0, float('nan'), 3.0], requires_grad=True)
    known = torch.tensor([True, False, True])
    mean = mean_of_known(losses, known)
    assert mean.item() == 2
    mean.backward()
    assert losses.grad.tolist() == [0.5, 0, 0.5]


def test_nothing_known_is_a_loss_of_zero_with_a_gradient_of_zero():
    losses = torch.tensor([1.0, 2.0], requires_grad=True)
    mean = mean_of_known(losses, torch.zeros(2, dtype=torch.bool))
    mean.backward()
    assert mean.item() == 0
    assert losses.grad.tolist() == [0, 0]


def test_maps_of_other_channels_are_refused():
    head = MODELS.build(dict(type='PresenceHead', in_channels=4))
    with pytest.raises(ValueError, match=r'=4, map in_index=-1 .* has 7 ch'):
        head([torch.zeros(2, 7, 3, 3)])
