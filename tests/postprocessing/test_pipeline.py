import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import Pipeline, default_steps

PROBS = np.array([[[0.9, 0.8, 0.1, 0.7]], [[0.1, 0.6, 0.3, 0.2]]])
HALF = dict(type='threshold', mask_thr=0.5)


def test_steps_follow_one_another_for_each_class():
    pipeline = Pipeline(
        [
            dict(type='threshold', mask_thr={'class': {'b': 0.25, '*': 0.5}}),
            dict(type='remove_small', min_size=2),
        ],
        task='multilabel',
        labels=['a', 'b'],
    )
    expected = [[[1, 1, 0, 0]], [[0, 1, 1, 0]]]
    assert pipeline(PROBS).tolist() == expected
    stored = np.round(PROBS * 255).astype(np.uint8)
    assert pipeline(stored).tolist() == expected
    stored = np.round(PROBS * 65535).astype(np.uint16)
    assert pipeline(stored).tolist() == expected


def test_values_by_what_is_known_of_the_image():
    pipeline = Pipeline(
        [
            dict(
                type='threshold', mask_thr={'organ': {'lung': 0.05, '*': 0.5}}
            ),
            dict(type='gate', score='presence', score_thr=0.5),
        ],
        task='binary',
        labels=['fg'],
    )
    one, sure = PROBS[:1], dict(presence=0.9)
    found = pipeline(one, meta=dict(organ='lung'), scores=sure)
    assert found.sum() == 4
    assert pipeline(one, meta=dict(organ='liver'), scores=sure).sum() == 3
    assert not pipeline(one, scores=dict(presence=0.4)).any()


def test_classes_that_exclude_each_other_do_so_at_the_end():
    channels = np.zeros((3, 7, 9), np.uint8)
    channels[0] = 200
    channels[1, :, :4] = 220  # two areas beside each other
    channels[2, :, 5:] = 230  # with a column of background between them
    channels[1, :, 4], channels[2, :, 4] = 90, 100
    steps = [dict(type='argmax'), dict(type='close', size=7, shape='rect')]
    overlapping = Pipeline(
        [HALF, steps[1]], task='multilabel', labels=['a', 'b']
    )
    assert overlapping(channels[1:]).sum(0).max() == 1
    ring = channels.copy()
    ring[1] = 0
    ring[1, [0, -1]] = ring[1, :, [0, -1]] = 250  # around the second class
    ring[2, 1:-1, 1:-1] = 240
    pipeline = Pipeline(
        [dict(type='argmax'), dict(type='fill_holes')],
        task='multiclass',
        labels=['a', 'b'],
    )
    masks = pipeline(ring)
    assert masks.sum(0).tolist() == np.ones((7, 9)).tolist()
    assert masks[1, 1:-1, 1:-1].all()


def test_masks_become_labels():
    masks = np.array([[[1, 0, 0]], [[0, 0, 1]]], bool)
    steps = [dict(type='threshold', mask_thr=0.5)]
    for task, expected in (
        ('multilabel', [[[1, 0, 0]], [[0, 0, 1]]]),
        ('multiclass', [[[1, 0, 2]]]),
    ):
        pipeline = Pipeline(steps, task=task, labels=['a', 'b'])
        labels = pipeline.as_labels(masks)
        assert labels.tolist() == expected
        assert labels.dtype == np.uint8
    many = np.zeros((300, 1, 1), bool)
    many[299] = True
    assert pipeline.as_labels(many).tolist() == [[[300]]]


def test_volumes_are_smoothed_class_by_class():
    pipeline = Pipeline(
        [
            HALF,
            dict(type='smooth_presence', max_gap={'class': {'a': 1, 'b': 0}}),
        ],
        task='multilabel',
        labels=['a', 'b'],
    )
    assert pipeline.volume_step.option('volume_key') == 'case_day'
    masks = np.stack([pipeline(one) for one in (PROBS, 0 * PROBS, PROBS)])
    assert not masks[1].any()  # a slice alone has no neighbours
    smooth = pipeline.smooth(masks)
    assert smooth[1].tolist() == [[[1, 1, 0, 1]], [[0, 0, 0, 0]]]
    plain = Pipeline([HALF], task='multilabel', labels=['a', 'b'])
    assert plain.smooth(masks) is masks


@pytest.mark.parametrize(
    ('steps', 'message'),
    [
        ([], r'begins with the one step that makes masks .* are \[\]'),
        ([dict(type='fill_holes')], 'begins with the one step'),
        ([dict(type='fill_holes'), HALF], 'begins with the one step'),
        ([HALF, dict(type='argmax')], 'begins with the one step'),
        (
            [HALF, dict(type='smooth_presence'), dict(type='fill_holes')],
            'smooth_presence comes last',
        ),
        ([dict(type='argmax')], "argmax is for task='multiclass'"),
    ],
)
def test_orders_that_cannot_be(steps, message):
    with pytest.raises(InputError, match=message):
        Pipeline(steps, task='binary', labels=['fg'])


def test_other_classes_and_tasks_are_refused():
    pipeline = Pipeline([HALF], task='binary', labels=['fg'])
    with pytest.raises(InputError, match=r'of 1 classes \(fg\) gets 2'):
        pipeline(PROBS)
    with pytest.raises(InputError, match="got 'instances'"):
        Pipeline([HALF], task='instances', labels=['fg'])


def test_a_model_alone_has_a_threshold_and_a_gate():
    assert default_steps('binary', ['fg'], mask_thr=0.3, gate_thr=0.2) == [
        dict(type='threshold', mask_thr=0.3),
        dict(type='gate', score='presence', score_thr=0.2),
    ]
    assert default_steps('multiclass', ['a', 'b']) == [dict(type='argmax')]
    by_class = default_steps('multilabel', ['a', 'b'], mask_thr=[0.85, 0.25])
    masks = Pipeline(by_class, task='multilabel', labels=['a', 'b'])(PROBS)
    assert masks.tolist() == [[[1, 0, 0, 0]], [[0, 1, 1, 0]]]
