import json

import numpy as np
import pytest

from mmseg_medical.apis.reports import sections
from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.logs import Curve
from mmseg_medical.apis.reports.maps import CUTS, MapStatistics
from mmseg_medical.apis.reports.run import open_runs
from mmseg_medical.errors import InputError


@pytest.fixture
def cases(write_run):
    return Cases.read(write_run() / 'per_image.csv')


def test_the_worst_come_in_order_and_the_best_have_a_mask(cases):
    worst, best = sections.extreme_rows(cases, 0, 2)
    assert worst == [1, 0]
    assert best == [2]
    alike = Cases(
        [*'abcd'],
        ['x'],
        np.array([[0, 1, 1, 9], [0, 5, 1, 9], [2, 0, 0, 9], [4, 0, 0, 9]])[
            :, None
        ],
        1.0,
        {},
    )
    assert sections.extreme_rows(alike, 0, 9) == ([1, 0], [3, 2])


def test_images_without_a_score_are_no_worst(write_run):
    counts = [[0, 0, 0, 9], [5, 5, 0, 9]]
    cases = Cases.read(
        write_run(counts=counts, empty=np.nan) / 'per_image.csv'
    )
    assert sections.extreme_rows(cases, 0, 3) == ([1], [])


def test_what_is_not_there_is_said_with_the_command(write_run, cases):
    (run,) = open_runs([write_run()])
    for section, said in (
        (sections.learning([run]), 'No log of a training'),
        (sections.groups({'a': cases}, {'a': None}), "group_by='organ'"),
        (sections.extremes({'a': cases}, {}, 2), '--overlays DIR'),
        (sections.thresholds({}), '--out MAPS'),
        (sections.calibration({}), '--maps MAPS'),
        (sections.postprocessing(None, cases), 'search_postprocess.py'),
    ):
        assert said in section.missing


def test_a_run_that_never_validated_says_so(write_run):
    log = [dict(step=k, loss=1 / k) for k in (1, 2, 3)]
    (run,) = open_runs([write_run(log=log)])
    section = sections.learning([run])
    assert section.notes[0].startswith('Never validated: run.')
    assert section.figure
    curve = Curve('run', {'dice_pooled': [(1, 0.5)]}, [])
    assert curve.validated


def test_runs_of_other_images_are_compared_on_those_of_both(write_run):
    one = Cases.read(write_run('one', ids=[*'abcd']) / 'per_image.csv')
    two = Cases.read(write_run('two', ids=[*'cdef']) / 'per_image.csv')
    section = sections.comparisons(
        {'one': one, 'two': two}, {'one': None, 'two': None}
    )
    assert '2 images are in both; 4 are in one, 4 in two' in section.notes[0]
    (table,) = section.tables
    assert table.rows[0][2:4] == ['1.0000', '0.4000']
    assert sections.comparisons({'one': one}, {'one': None}) is None


def test_folds_have_a_table_and_a_deviation(write_run, tmp_path):
    write_run('cv/fold_0', ids=[*'abcd'])
    write_run('cv/fold_1', [[1, 0, 0, 9]], ids=['e'])
    (run,) = open_runs([tmp_path / 'cv'])
    section = sections.groups({'cv': run.cases}, {'cv': None})
    (table,) = section.tables
    assert [row[:2] for row in table.rows] == [['0', '4'], ['1', '1']]
    assert table.rows[0][2].startswith('0.7000')
    assert '0.8500 ± 0.2121' in section.notes[1]


def statistics(**changes):
    curve = np.linspace(0, 1, 255)[None]
    options = dict(
        labels=['a'],
        classes=['background', 'a'],
        mask_thr=np.array([0.5]),
        curve=curve,
        pixels=np.ones((1, 256), np.int64),
        positives=np.ones((1, 256), np.int64),
        confusion=None,
        other_masks=0,
    )
    return MapStatistics(**{**options, **changes})


def test_the_best_threshold_stands_beside_that_of_the_model():
    section = sections.thresholds({'run': statistics(other_masks=2)})
    (row,) = section.tables[0].rows
    here = np.searchsorted(CUTS, 0.5) / 254
    assert row == ['a', '0.5', f'{here:.4f}', f'{CUTS[-1]:.4f}', '1.0000']
    assert '2 masks of run are not those of its maps' in section.notes[-1]


def test_classes_that_exclude_each_other_have_a_matrix(cases):
    table = np.array([[6, 2], [1, 3]])
    found = {'run': statistics(confusion=table, mask_thr=np.array([np.nan]))}
    section = sections.confusion({'run': cases}, found)
    rows = section.tables[1].rows
    assert rows[0] == ['background', '75.00 %', '25.00 %', '8']
    assert rows[1] == ['a', '25.00 %', '75.00 %', '4']
    assert section.tables[1].shades[1] == [0.25, 0.75, 0.0]
    (row,) = sections.thresholds(found).tables[0].rows
    assert row[1] == 'most likely class'


def test_a_search_is_told_with_its_honest_estimate(tmp_path, cases):
    path = tmp_path / 'postprocess.json'
    state = dict(
        steps=[dict(type='threshold', mask_thr=0.4)],
        task='binary',
        classes=['unit'],
        metric=dict(name='dice_per_image'),
        verdict='+0.0100 on images that parameters were not chosen on.',
        table=[dict(label='all', group='all', untuned=0.7, honest=None)],
    )
    path.write_text(json.dumps(state))
    section = sections.postprocessing(path, cases)
    assert section.notes[:2] == [
        'Steps: threshold.',
        f'dice_per_image: {state["verdict"]}',
    ]
    assert section.tables[0].rows == [['all', 'all', '0.7', '–']]
    path.write_text(json.dumps({**state, 'classes': ['a', 'b']}))
    with pytest.raises(InputError, match='the run has'):
        sections.postprocessing(path, cases)
