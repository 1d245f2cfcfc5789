import pytest
import torch

from mmseg_medical.models.losses._lovasz import lovasz_jaccard


def by_definition(errors, target, weight):
    """Jaccard losses of growing sets of wrong pixels, one after another."""
    order = errors.argsort(descending=True).tolist()
    truth = (weight * target).sum()

    def jaccard(wrong):
        lost = sum(weight[i] for i in wrong if target[i])
        added = sum(weight[i] for i in wrong if not target[i])
        union = truth + added
        return 1 - (truth - lost) / union if union > 0 else 0

    return sum(
        errors[i] * (jaccard(order[: k + 1]) - jaccard(order[:k]))
        for k, i in enumerate(order)
    )


@pytest.mark.parametrize('share', [0, 0.3, 1])
def test_of_the_definition(share):
    noise = torch.Generator().manual_seed(0)
    errors = torch.rand(3, 2, 12, dtype=torch.double, generator=noise)
    weight = torch.randint(0, 4, errors.shape, generator=noise).double() / 2
    target = (torch.rand(errors.shape, generator=noise) < share).double()
    got = lovasz_jaccard(errors, target, weight)
    assert got.shape == (3, 2)
    for index in torch.cartesian_prod(torch.arange(3), torch.arange(2)):
        one = tuple(index.tolist())
        expected = by_definition(errors[one], target[one], weight[one])
        torch.testing.assert_close(got[one], expected)


def test_of_zeros_and_ones_it_is_the_jaccard_loss():
    errors = torch.tensor([1.0, 0, 0, 1, 0])
    target = torch.tensor([1.0, 1, 1, 0, 0])
    loss = lovasz_jaccard(errors, target, torch.ones(5))
    assert loss.item() == pytest.approx(1 - 2 / 4)


def test_empty_targets_and_nothing_at_all():
    errors = torch.tensor([0.3, 0.9, 0.7])
    weight = torch.tensor([1.0, 0, 1])
    loss = lovasz_jaccard(errors, torch.zeros(3), weight)
    assert loss.item() == pytest.approx(0.7)
    assert lovasz_jaccard(errors, torch.ones(3), torch.zeros(3)) == 0


def test_steps_of_many_pixels_add_up_to_one():
    count = 1_000_000
    target = (torch.arange(count) % 7 == 0).float()
    errors = torch.ones(count, requires_grad=True)
    loss = lovasz_jaccard(errors, target, torch.ones(count))
    loss.backward()
    assert loss.item() == pytest.approx(1, abs=1e-6)
    assert errors.grad.min() >= 0
