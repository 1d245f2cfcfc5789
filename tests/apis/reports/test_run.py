import json

import pytest

from mmseg_medical.apis.reports.run import open_runs
from mmseg_medical.errors import InputError


def test_a_run_says_what_it_is(mapped):
    folder, _ = mapped()
    (run,) = open_runs([folder])
    assert run.facts['data set'].startswith('HuBMAPDataset in ')
    assert run.facts['classes'] == 'background, functional tissue unit'
    assert run.facts['tested on'] == '2026-01-02 03:04'
    assert run.facts['images'] == '4'
    assert run.cases.labels == ['functional tissue unit']
    assert run.patients('organ') == run.cases.meta['organ']
    assert run.patients() is None
    with pytest.raises(InputError, match="no column 'ward'; it has"):
        run.patients('ward')


def test_a_training_that_was_not_tested_is_a_run(trained):
    (run,) = open_runs([trained.bare])
    assert run.cases is None
    assert run.facts['config'] == 'tiny.py'
    assert run.facts['task'] == 'binary'
    assert run.facts['iterations'] == '2'
    (curve,) = run.curves
    assert curve.validated
    assert [step for step, _ in curve.scalars['loss']] == [1, 2]


def test_folds_are_one_run(write_run, tmp_path):
    write_run('cv/fold_0', ids=[*'abcd'])
    write_run('cv/fold_1', ids=[*'efgh'])
    note = dict(settings=dict(checkpoint='abc'), scores={})
    (tmp_path / 'cv' / 'fold_0' / 'tested.json').write_text(json.dumps(note))
    (run,) = open_runs([tmp_path / 'cv'])
    assert run.cases.meta['fold'] == ['0'] * 4 + ['1'] * 4
    assert run.digests == {'abc'}


def test_runs_of_one_name_are_told_apart(write_run):
    folders = [write_run('a/run'), write_run('b/run')]
    assert [run.name for run in open_runs(folders)] == ['a/run', 'b/run']


def test_what_is_no_run_is_refused(tmp_path, write_run):
    (tmp_path / 'bare').mkdir()
    with pytest.raises(InputError, match='bare has no log and no test'):
        open_runs([tmp_path / 'bare'])
    with pytest.raises(InputError, match='none is no folder'):
        open_runs([tmp_path / 'none'])
    folder = write_run()
    with pytest.raises(InputError, match='named twice'):
        open_runs([folder, folder])
