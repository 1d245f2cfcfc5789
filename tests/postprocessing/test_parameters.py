import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.parameters import (
    RANGES,
    check_value,
    choices,
    value_for,
)
from mmseg_medical.postprocessing.steps import STEPS, Step

BY = {
    'data_source': {
        'HPA': 0.5,
        '*': {'organ': {'lung': 0.06, 'kidney': 0.35}},
    }
}


@pytest.mark.parametrize(
    ('meta', 'value'),
    [
        (dict(data_source='HPA'), 0.5),
        (dict(data_source='Hubmap', organ='lung'), 0.06),
        (dict(organ='kidney'), 0.35),
    ],
)
def test_values_by_metadata_are_nested(meta, value):
    assert value_for('threshold.mask_thr', BY, meta) == value
    assert value_for('threshold.mask_thr', 0.2, meta) == 0.2


@pytest.mark.parametrize(
    ('value', 'meta', 'message'),
    [
        (BY, dict(organ='spleen'), "no value for organ 'spleen', only for l"),
        (BY, dict(age=3), r"depends on 'organ', which .* it has \['age'\]"),
    ],
)
def test_what_an_image_has_not_is_named(value, meta, message):
    with pytest.raises(InputError, match=message):
        value_for('threshold.mask_thr', value, meta)


@pytest.mark.parametrize(
    ('where', 'value', 'message'),
    [
        ('a.mask_thr', 1.5, 'a.mask_thr is 1.5, expected a probability in'),
        ('a.mask_thr', True, 'is True, expected a probability'),
        ('a.min_size', 2.5, 'is 2.5, expected a whole number of pixels'),
        ('a.min_size', -1, 'is -1, expected'),
        ('a.size', 4, 'is 4, expected an odd number'),
        ('a.high', [], r'is \[\], expected a list of probabilities'),
        ('a.high', [2], r'is \[2\], expected'),
        ('a.shape', 'disc', "is 'disc', expected one of ellipse, rect, cross"),
        ('a.connectivity', 6, 'is 6, expected 4 or 8'),
        ('a.mask_thr', dict(organ=0.5), 'is chosen by one key'),
        ('a.mask_thr', dict(a=dict(b=0.1), c=dict(d=0.1)), 'is chosen by one'),
        ('a.mask_thr', {'class': dict(cat=0.5)}, "for the class 'cat'; there"),
        (
            'a.mask_thr',
            dict(organ=dict(lung=7)),
            'mask_thr organ=lung is 7, e',
        ),
        ('a.mask_thr', None, 'is None, expected'),
    ],
)
def test_values_that_cannot_be(where, value, message):
    with pytest.raises(InputError, match=message):
        check_value(where, value, ['fg', 'bg'])


def test_every_parameter_has_a_range_that_its_default_is_in():
    for name in STEPS:
        step = Step(dict(type=name, **_needed(name)), ['fg'])
        for key in step.known:
            assert key in RANGES
            if step.option(key) is not None:
                assert RANGES[key][0](step.option(key)), (name, key)


def _needed(name):
    return dict(
        threshold=dict(mask_thr=0.5),
        triplet=dict(mask_thr=0.5, top_score_thr=0.6, min_size=1),
        doublet=dict(mask_thr=0.5, top_score_thr=0.6),
        remove_small=dict(min_size=1),
        open=dict(size=3),
        close=dict(size=3),
        shrink=dict(width=1.5),
        gate=dict(score_thr=0.5),
    ).get(name, {})


def test_near_names_are_proposed():
    assert choices('treshold', STEPS).startswith("is 'threshold' meant? ther")
    assert choices('x', ['b', 'a']) == 'there are a, b'
