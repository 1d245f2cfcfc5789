import sys

import pytest

from mmseg_medical.apis.config import read_config
from mmseg_medical.apis.search_trials import search_trials
from mmseg_medical.errors import InputError

SPACE = [
    dict(type='threshold', mask_thr={'range': [0.1, 0.9]}),
    dict(type='open', size={'choice': [1, 3]}),
    dict(type='remove_small', min_size={'range': [0, 30]}),
]


def test_a_missing_library_is_named(out_of_fold, monkeypatch):
    config, folder = out_of_fold(4)
    monkeypatch.setitem(sys.modules, 'optuna', None)
    with pytest.raises(InputError, match=r'mmsegmentation-medical\[search\]'):
        search_trials(read_config(config), str(folder), SPACE)


def test_trials_find_what_is_better(out_of_fold):
    pytest.importorskip('optuna')
    config, folder = out_of_fold(6)
    result, again = (
        search_trials(
            read_config(config), str(folder), SPACE, trials=12, seed=1
        )
        for _ in range(2)
    )
    assert result.score('tuned') > result.score('untuned')
    assert result.steps == again.steps
    threshold, opening, small = result.steps
    assert 0.1 <= threshold['mask_thr'] <= 0.9
    assert opening['size'] in (1, 3)
    assert isinstance(small['min_size'], int)
    assert result.choice is None
    assert result.saved().found['scores']['tuned'] > 0.5


@pytest.mark.parametrize(
    ('space', 'options', 'message'),
    [
        (
            [dict(type='threshold', mask_thr=0.5)],
            {},
            'nothing is to be search',
        ),
        (
            [dict(type='threshold', mask_thr={'range': [0.5]})],
            {},
            r'0\.mask_thr: a range is \[low, high\]',
        ),
        (
            [dict(type='threshold', mask_thr={'choice': []})],
            {},
            'mask_thr: there is no choice',
        ),
        (SPACE, dict(trials=0), 'there is 1 trial or more, got 0'),
        (
            [dict(type='threshold', mask_thr={'range': [1, 2]})],
            dict(trials=2),
            'mask_thr is 2, expected a probability',
        ),
    ],
)
def test_spaces_that_cannot_be(out_of_fold, space, options, message):
    pytest.importorskip('optuna')
    config, folder = out_of_fold(4)
    with pytest.raises(InputError, match=message):
        search_trials(
            read_config(config), str(folder), space, **dict(trials=3) | options
        )
