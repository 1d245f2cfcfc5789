import torch

from mmseg_medical.models.losses._inputs import as_channels

LOGITS = torch.tensor([[[[0.0, 1.0]], [[2.0, -1.0]], [[-1.0, 3.0]]]])


def test_two_exclusive_channels_become_one():
    channels = as_channels(LOGITS[:, :2], torch.tensor([[[1, 255]]]))
    assert channels.binary
    assert not channels.exclusive
    assert channels.logits.tolist() == [[[[2.0, 0.0]]]]
    assert channels.target.tolist() == [[[[1.0, 0.0]]]]
    assert channels.weight.tolist() == [[[[1.0, 0.0]]]]


def test_classes_that_exclude_each_other():
    channels = as_channels(LOGITS, torch.tensor([[[2, 0]]]))
    assert channels.exclusive
    assert channels.target[0, :, 0].tolist() == [[0, 1], [0, 0], [1, 0]]
    torch.testing.assert_close(channels.probs(), LOGITS.softmax(1))
    scored = channels.regions(False)
    assert scored.target[0, :, 0].tolist() == [[0, 0], [1, 0]]
    torch.testing.assert_close(scored.probs(), LOGITS.softmax(1)[:, 1:])
    for kind in (channels, scored):
        probs = kind.probs()
        odds = kind.log_odds()
        torch.testing.assert_close(odds, (probs / (1 - probs)).log())
    assert channels.regions(True) is channels


def test_log_odds_of_what_is_certain():
    logits = torch.tensor([[[[500.0]], [[0.0]], [[-500.0]]]])
    channels = as_channels(logits, torch.tensor([[[0]]]))
    assert channels.log_odds().flatten().tolist() == [500, -500, -1000]


def test_classes_that_overlap():
    target = torch.tensor([[[[1, 255]], [[1, 0]], [[0, 1]]]])
    channels = as_channels(LOGITS, target)
    assert not channels.exclusive
    assert channels.weight.flatten().tolist() == [1, 0, 1, 1, 1, 1]
    assert channels.regions(True) is channels
    assert channels.log_odds() is channels.logits
    assert channels.probs()[0, 0].tolist() == [[0.5, 0.5]]
