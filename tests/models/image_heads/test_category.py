import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample


def samples(*organs):
    return [
        SegDataSample(metainfo=dict(img_id='a') | ({'organ': o} if o else {}))
        for o in organs
    ]


@pytest.fixture
def head():
    return MODELS.build(
        dict(
            type='CategoryHead',
            in_channels=4,
            key='organ',
            categories=['lung', 'kidney'],
        )
    )


def test_images_without_the_key_teach_nothing(head):
    outputs = torch.tensor([[0.0, 2.0], [5.0, 1.0]], requires_grad=True)
    loss = head.loss(outputs, samples('kidney', None), None)
    expected = torch.nn.functional.cross_entropy(
        outputs[:1], torch.tensor([1])
    )
    torch.testing.assert_close(loss, expected)
    loss.backward()
    assert outputs.grad[1].abs().sum() == 0
    assert head.loss(outputs, samples(None, None), None).item() == 0


def test_the_mean_over_the_windows_decides(head):
    probs = head.probs(torch.tensor([[0.0, 3.0], [1.0, 0.0]]))
    read = head.read(head.pool(probs))
    assert read['pred_organ'] == 'kidney'
    assert read['pred_organ_prob'] == pytest.approx(probs[:, 1].mean().item())


def test_another_category_is_refused(head):
    with pytest.raises(ValueError, match=r"'a' has organ 'skin', the h"):
        head.loss(torch.zeros(1, 2), samples('skin'), None)
