import pytest
import torch

from mmseg_medical.models.segmentors.gate import Gate


def test_classes_that_are_seen_pass():
    probs = torch.full((3, 4, 5), 0.8)
    seen = torch.zeros(3, 4, 5)
    seen[0].view(-1)[:13] = 0.61
    seen[1].view(-1)[:12] = 0.61
    seen[2].view(-1)[:13] = 0.6  # not above
    found, sizes = Gate(mask_thr=0.6, min_size=13)(probs, seen)
    assert sizes == [13, 12, 0]
    assert torch.equal(found[0], probs[0])
    assert not found[1:].any()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(mask_thr=1.2), 'mask_thr is a probability, got 1.2'),
        (dict(min_size=0), 'min_size is a whole number .* above 0, got 0'),
        (dict(min_size=1.5), 'got 1.5'),
    ],
)
def test_settings_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        Gate(**arguments)
