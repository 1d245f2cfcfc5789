import pytest

from mmseg_medical.models.segmentors.prediction import TestSettings

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
        (dict(crop_size=(64, 64)), "mode='whole' has none"),
        (dict(SLIDE, stride=(65, 64)), r'test_cfg: stride \(65, 64\).*gaps'),
        (dict(SLIDE, weight='hann'), "test_cfg: weight is 'constant' or"),
        (dict(batch_size=0), 'batch_size is 0, not >= 1'),
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
