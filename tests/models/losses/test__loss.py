import pytest
import torch

from mmseg_medical.models.losses._loss import ChannelLoss, ratio, require


class TargetTimesThree(ChannelLoss):
    """Values are the sums of the target, each with a mass of its own."""

    def values(self, channels):
        values = self.total(channels.target)
        mass = torch.tensor([1.0, 0.0, 3.0]).expand_as(values)
        return values, mass


LOGITS = torch.zeros(2, 3, 2, 2)
TARGET = torch.zeros(2, 3, 2, 2)
TARGET[0, 0], TARGET[1, 2, 0] = 1, 1  # sums: 4, 0, 0 and 0, 0, 2


def build(**options):
    return TargetTimesThree(loss_name='loss_x', **options)


def test_the_mean_is_weighted_by_mass():
    assert build()(LOGITS, TARGET) == (1 * 4 + 3 * 2) / 4
    assert build(batch=False)(LOGITS, TARGET) == (1 * 4 + 3 * 2) / 8
    assert build(loss_weight=3)(LOGITS, TARGET) == 3 * 2.5


def test_values_without_mass_are_zero():
    values = build(reduction='none', batch=False)(LOGITS, TARGET)
    assert values.tolist() == [[4, 0, 0], [0, 0, 2]]
    ones = torch.ones_like(TARGET)
    assert build(reduction='none')(LOGITS, ones).tolist() == [[8, 0, 8]]


def test_a_ratio_of_nothing_is_zero():
    part, whole = torch.tensor([0.0, 3.0]), torch.tensor([0.0, 2.0])
    assert ratio(part, whole).tolist() == [0, 1.5]


def test_what_is_refused_names_value_range_and_next_step():
    require(True, 'gamma', 2, '>= 0')
    with pytest.raises(ValueError, match=r'gamma is -2, .* loss_decode'):
        require(False, 'gamma', -2, '>= 0')


def test_factors_move_with_the_model():
    loss = build(class_weight=(1, 2, 3))
    assert loss.class_weight.tolist() == [1, 2, 3]
    assert loss.half().class_weight.dtype == torch.float16
    assert build().class_weight is None
