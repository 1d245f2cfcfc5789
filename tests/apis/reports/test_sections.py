import json

import pytest

from mmseg_medical.apis.reports import sections
from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.logs import Curve
from mmseg_medical.apis.reports.run import open_runs
from mmseg_medical.errors import InputError


@pytest.fixture
def cases(write_run):
    return Cases.read(write_run() / 'per_image.csv')


def test_what_is_not_there_is_said_with_the_command(write_run, cases):
    (run,) = open_runs([write_run()])
    for section, said in (
        (sections.learning([run]), 'No log of a training'),
        (sections.groups({'a': cases}, {'a': None}), "group_by='organ'"),
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
    assert section.tables[0].rows == [['all', 'all', '0.7000', '–']]
    path.write_text(json.dumps({**state, 'classes': ['a', 'b']}))
    with pytest.raises(InputError, match='the run has'):
        sections.postprocessing(path, cases)


def test_few_images_are_said_to_be_few(cases):
    notes = sections.scores({'run': cases}, {'run': [*'aabb']}).notes
    assert 'run has 2 patients: intervals of so few are too narrow.' in notes
