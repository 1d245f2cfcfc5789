import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.steps import STEPS, Step

LABELS = ['lung', 'heart']


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (dict(type='treshold'), "'treshold' is no step .* is 'threshold' mea"),
        (dict(mask_thr=0.5), r"is a dict as dict\(type='threshold'"),
        ('threshold', 'is a dict as'),
        (dict(type='threshold', thr=1), "threshold has no parameter 'thr'"),
        (dict(type='threshold'), 'threshold needs the parameter mask_thr'),
        (dict(type='threshold', mask_thr=2), 'threshold.mask_thr is 2, exp'),
        (dict(type='hysteresis', high=[0.5]), 'a low threshold for each high'),
        (
            dict(type='threshold', mask_thr=dict(organ=dict(lung=None))),
            'None for some images, and without this step there are no masks',
        ),
    ],
)
def test_steps_that_cannot_be(config, message):
    with pytest.raises(InputError, match=message):
        Step(config, LABELS)


def test_what_a_step_is_given_follows_from_its_function():
    kinds = {
        name: (step.starts, step.per_class, step.of_volume)
        for name, step in (
            ('argmax', Step(dict(type='argmax'), LABELS)),
            ('threshold', Step(dict(type='threshold', mask_thr=0), LABELS)),
            ('gate', Step(dict(type='gate', score_thr=0), LABELS)),
            ('dense_crf', Step(dict(type='dense_crf'), LABELS)),
            ('smooth_presence', Step(dict(type='smooth_presence'), LABELS)),
        )
    }
    assert kinds == dict(
        argmax=(True, False, False),
        threshold=(True, True, False),
        gate=(False, True, False),
        dense_crf=(True, False, False),
        smooth_presence=(False, True, True),
    )


def test_a_step_is_left_out_where_its_value_is_none():
    mask = np.array([[1, 0, 1, 1]], bool)
    step = Step(
        dict(type='remove_small', min_size={'class': {'lung': 2, '*': None}}),
        LABELS,
    )
    assert step(dict(mask=mask), {}, 'lung').tolist() == [[0, 0, 1, 1]]
    assert step(dict(mask=mask), {}, 'heart') is mask


def test_defaults_can_be_asked_for():
    step = Step(dict(type='smooth_presence', max_gap=2), LABELS)
    assert step.option('max_gap') == 2
    assert step.option('slice_key') == 'slice_index'
    assert len(STEPS) == 15
