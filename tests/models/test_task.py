import pytest
import torch

from mmseg_medical.models.task import TASKS


def test_one_and_two_channels_agree():
    one, two = TASKS['binary'](2, 1), TASKS['binary'](2, 2)
    logits = torch.randn(3, 2, 4, 5)
    difference = logits[:, 1:] - logits[:, :1]
    torch.testing.assert_close(
        two.probabilities(logits), one.probabilities(difference)
    )
    torch.testing.assert_close(
        two.probabilities(logits), logits.softmax(1)[:, 1:]
    )
    probs = two.probabilities(logits)[0]
    torch.testing.assert_close(
        two.labels(probs, 0.5)[0].long(), logits[0].argmax(0)
    )


@pytest.mark.parametrize(
    ('name', 'channels', 'gt', 'shape', 'kind'),
    [
        ('binary', (2, 1), (2, 1, 4, 5), (2, 1, 4, 5), torch.float32),
        ('binary', (2, 2), (2, 1, 4, 5), (2, 4, 5), torch.int64),
        ('multiclass', (3, 3), (2, 1, 4, 5), (2, 4, 5), torch.int64),
        ('multilabel', (3, 3), (2, 3, 4, 5), (2, 3, 4, 5), torch.float32),
    ],
)
def test_targets(name, channels, gt, shape, kind):
    task = TASKS[name](*channels)
    target = task.target(torch.full(gt, 255, dtype=torch.uint8))
    assert target.shape == shape
    assert target.dtype == kind
    assert (target == 255).all()  # what is to be ignored stays marked


@pytest.mark.parametrize(
    ('name', 'channels', 'planes'),
    [
        ('binary', (2, 1), 3),
        ('binary', (2, 2), 2),
        ('multiclass', (3, 3), 3),
        ('multilabel', (3, 3), 1),
    ],
)
def test_masks_of_another_task_are_refused(name, channels, planes):
    """Not the first of several planes, and no broadcasting of one."""
    with pytest.raises(ValueError, match=f'masks have {planes} planes, task'):
        TASKS[name](*channels).target(torch.zeros(2, planes, 4, 5))


def test_labels_are_made_by_the_threshold():
    probs = torch.tensor([[[0.2, 0.6]], [[0.7, 0.3]]])
    binary = TASKS['binary'](2, 1).labels(probs[:1], 0.1)
    assert binary.tolist() == [[[1, 1]]]
    overlapping = TASKS['multilabel'](2, 2).labels(probs, 0.25)
    assert overlapping.tolist() == [[[0, 1]], [[1, 1]]]
    single = TASKS['multiclass'](2, 2).labels(probs, 0.25)
    assert single.tolist() == [[[1, 0]]]
    assert single.dtype == torch.uint8


def test_more_classes_than_a_byte_holds():
    probs = torch.zeros(300, 1, 1)
    probs[299] = 1
    assert TASKS['multiclass'](300, 300).labels(probs, 0.5).item() == 299


def test_probabilities_of_exclusive_classes_add_up_to_one():
    probs = TASKS['multiclass'](3, 3).probabilities(torch.randn(2, 3, 4, 5))
    torch.testing.assert_close(probs.sum(1), torch.ones(2, 4, 5))


@pytest.mark.parametrize(
    ('name', 'channels', 'key'),
    [
        ('binary', (3, 3), 'num_classes=2'),
        ('binary', (1, 1), 'num_classes=2'),
        ('multiclass', (2, 1), 'remove out_channels'),
        ('multiclass', (1, 1), 'num_classes to 2 or more'),
        ('multilabel', (3, 1), 'remove out_channels'),
    ],
)
def test_contradictions_name_the_key(name, channels, key):
    with pytest.raises(ValueError, match=f'task={name!r} contradicts.*{key}'):
        TASKS[name](*channels)
