import pytest

from mmseg_medical.models.segmentors.settings import TestSettings
from mmseg_medical.models.task import TASKS

SLIDE = dict(mode='slide', crop_size=(64, 64))


def test_what_is_not_said_is_plain():
    settings = TestSettings()
    assert settings.grid.crop_size is None
    assert settings.mask_thr == 0.5
    assert settings.gate_thr is None
    assert settings.batch_size is None
    assert settings.device is None
    assert TestSettings(accumulate='cpu').device == 'cpu'
    assert TestSettings(**SLIDE).grid.stride == (64, 64)
    assert TestSettings(mask_thr=[0.2, 0.3]).mask_thr == [0.2, 0.3]
    assert TestSettings(mask_thr=[0.2]).mask_thr == 0.2


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(treshold=0.5), r'model\.test_cfg\.treshold is no setting; exp'),
        (dict(mode='tile'), r"test_cfg\.mode is 'tile', expected one of"),
        (dict(mode='slide'), "mode='slide' needs crop_size"),
        (dict(crop_size=(64, 64)), "mode='whole' has no crop_size"),
        (dict(stride=(64, 64)), "mode='whole' has no crop_size, stride"),
        (dict(weight='gaussian'), "mode='whole' has no .* weight"),
        (dict(mode='slide', crop_size=512), r'crop_size is 512, expected \(h'),
        (dict(mode='slide', crop_size=(1, 2, 3)), r'crop_size is \(1, 2, 3\)'),
        (
            dict(mode='slide', crop_size=(0, 9)),
            r'crop_size is \(0, 9\), expected',
        ),
        (dict(SLIDE, stride=32), r'stride is 32, expected \(height, width\)'),
        (dict(SLIDE, stride=(9.5, 9)), r'stride is \(9\.5, 9\), expected'),
        (dict(SLIDE, stride=(65, 64)), r'test_cfg: stride \(65, 64\).*gaps'),
        (dict(SLIDE, weight='hann'), "test_cfg: weight is 'constant' or"),
        (dict(batch_size=0), 'batch_size is 0, expected a whole number'),
        (dict(batch_size='4'), "batch_size is '4', expected a whole number"),
        (dict(mask_thr=[]), 'mask_thr is empty'),
        (dict(accumulate='disk'), "accumulate is 'disk', expected"),
        (dict(precision='int8'), "precision is 'int8', expected one of"),
        (dict(mask_thr=1.5), 'mask_thr is 1.5, expected a probability'),
        (dict(mask_thr=[0.5, -1]), 'mask_thr is -1, expected a probability'),
        (dict(mask_thr=True), 'mask_thr is True, expected a probability'),
        (dict(gate_thr='0.5'), "gate_thr is '0.5', expected a probability"),
    ],
)
def test_what_cannot_be_names_its_key(settings, message):
    with pytest.raises(ValueError, match=message):
        TestSettings(**settings)


@pytest.mark.parametrize(
    ('task', 'settings', 'message'),
    [
        (('binary', 2, 1), dict(mask_thr=[0.5, 0.4]), 'has 2 thresholds'),
        (('multilabel', 3, 3), dict(mask_thr=[0.5, 0.4]), 'has 3 channels'),
        (('multiclass', 3, 3), dict(mask_thr=0.3), 'is the most likely class'),
        (('binary', 2, 1), dict(gate_thr=0.5), 'needs a head that tells'),
        (
            ('binary', 2, 1),
            dict(mode='slide', crop_size=(40, 64)),
            r'crop_size \(40, 64\) is no multiple of 32',
        ),
    ],
)
def test_what_does_not_fit_the_model(task, settings, message):
    name, *channels = task
    with pytest.raises(ValueError, match=message):
        TestSettings(**settings).check_model(
            TASKS[name](*channels), has_presence=False, divisors=[8, 32]
        )
