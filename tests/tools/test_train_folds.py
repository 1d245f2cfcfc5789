"""All folds from the command line, on a tiny tree."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical.apis import train_folds, trained
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.converters.table import read_table
from mmseg_medical.errors import InputError

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


@pytest.fixture
def started(monkeypatch):
    """Trainings and tests, as they are started: name and fold."""
    calls = []

    def spy(module, name):
        original = getattr(module, name)

        def call(cfg, *arguments, **options):
            calls.append(f'{name} {cfg.work_dir[-1]}')
            return original(cfg, *arguments, **options)

        monkeypatch.setattr(module, name, call)

    spy(trained, 'train')
    spy(train_folds, 'test')
    return calls


def test_all_folds_are_trained_tested_and_put_together(
    tool, hubmap, tiny_config, tmp_path, started, capsys
):
    config, work_dir = tiny_config(hubmap(5), 1), tmp_path / 'w'
    table = tmp_path / 'folds.csv'
    folds = {str(101 + k): k % 2 for k in range(5)}
    table.write_text(
        'id,fold\n' + ''.join(f'{i},{k}\n' for i, k in folds.items())
    )
    arguments = [
        *(config, '--work-dir', str(work_dir), '--split', str(table)),
        *('--out', str(tmp_path / 'maps')),
    ]
    main = tool('train_folds').main
    first = main([*arguments, '--folds', '1'])
    assert started == ['train 1', 'test 1']
    assert list(first.by_fold) == [1]
    assert 'maps of 1 folds, not joined yet' in capsys.readouterr().out

    # The rest, and nothing twice.
    scores = main(arguments)
    assert started[2:] == ['train 0', 'test 0']
    assert scores.by_fold[1] == pytest.approx(first.by_fold[1], nan_ok=True)
    for fold in (0, 1):
        rows = read_table(work_dir / f'fold_{fold}' / 'per_image.csv', ['id'])
        assert {r['id'] for r in rows} == {
            i for i, k in folds.items() if k == fold
        }
    rows = read_table(work_dir / 'per_image.csv', ['id', 'dice'])
    assert sorted(row['id'] for row in rows) == sorted(folds)
    mean = np.mean([float(row['dice']) for row in rows])
    assert scores.pooled['dice_per_image'] == pytest.approx(mean, abs=1e-6)
    (row,) = (
        row
        for row in read_table(work_dir / 'scores.csv', ['score', 'mean'])
        if row['score'] == 'dice_per_image'
    )
    both = [scores.by_fold[k]['dice_per_image'] for k in (0, 1)]
    assert float(row['mean']) == pytest.approx(np.mean(both), abs=1e-6)
    assert float(row['std']) == pytest.approx(np.std(both, ddof=1), abs=1e-6)
    assert float(row['out_of_fold']) == pytest.approx(mean, abs=1e-6)
    maps = ProbabilityMaps.open(tmp_path / 'maps')
    assert sorted(maps.ids) == sorted(folds)
    assert maps.missing() == []
    assert maps.masks('101').shape == (1, 64, 80)

    # What is done is done; other settings of the test test again, of the
    # training are refused.
    main([*arguments, '--jobs', 'local'])
    main([config, '--work-dir', str(work_dir), '--collect'])
    assert len(started) == 4
    tta = [*arguments[:5], '--folds', '0', '--tta']
    main(tta)
    assert started[4:] == ['test 0']
    with pytest.raises(
        InputError, match=r'fold_0 was trained with other settings of optim_w'
    ):
        main([*tta, '--cfg-options', 'optim_wrapper.optimizer.lr=0.5'])
    with pytest.raises(InputError, match='other settings of optim_wrapper;'):
        main([*tta, '--precision', 'bf16'])
    table.write_text(table.read_text().replace('105,0', '105,1'))
    with pytest.raises(InputError, match='other settings of split'):
        main(tta)


def test_a_stopped_run_goes_on(
    tool, hubmap, tiny_config, tmp_path, started, monkeypatch, held_by_another
):
    config = tiny_config(hubmap(), 1)
    arguments = [config, '--work-dir', str(tmp_path / 'w')]
    main = tool('train_folds').main
    test = train_folds.test

    def stop(cfg, *_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_folds, 'test', stop)
    with pytest.raises(KeyboardInterrupt):
        main(arguments)
    assert started == ['train 0']
    with pytest.raises(InputError, match=r'no fold in .* is tested yet'):
        main([*arguments, '--collect'])
    monkeypatch.setattr(train_folds, 'test', test)
    with (
        held_by_another(tmp_path / 'w' / 'fold_0'),
        pytest.raises(InputError, match='fold_0 is being written by another'),
    ):
        main(arguments)
    main(arguments)
    assert started[1:] == ['test 0', 'train 1', 'test 1']
    (best,) = (tmp_path / 'w' / 'fold_0').glob('best_*.pth')
    best.unlink()
    with pytest.raises(InputError, match=r'best_.*\.pth is gone; remove'):
        main(arguments)


def test_one_fold_by_the_tools_of_one_run(tool, hubmap, tiny_config, tmp_path):
    """train.py --fold and test.py --fold, which refuse another fold."""
    config, work_dir = tiny_config(hubmap(5), 1), str(tmp_path / 'w')
    tool('train').main([config, '--work-dir', work_dir, '--fold', '1'])
    (best,) = (tmp_path / 'w' / 'fold_1').glob('best_*.pth')
    arguments = [config, str(best), '--work-dir', work_dir, '--fold']
    tool('test').main([*arguments, '1'])
    rows = read_table(tmp_path / 'w/fold_1/per_image.csv', ['id'])
    assert len(rows) == 2
    with pytest.raises(InputError, match='held fold 1 out and was trained on'):
        tool('test').main([*arguments, '0'])
    with pytest.raises(InputError, match='give both'):
        tool('train').main([config, '--split', 'folds.csv'])


def test_commands_of_jobs_are_printed(
    tool, hubmap, tiny_config, tmp_path, capsys
):
    config, work_dir = tiny_config(hubmap()), str(tmp_path / 'a b')
    given = ['--work-dir', work_dir, '--tta', '--jobs=print']
    assert tool('train_folds').main([config, *given]) is None
    tools = TOOLS / 'train_folds.py'
    same = f"python {tools} {config} --work-dir '{work_dir}' --tta"
    assert capsys.readouterr().out.splitlines() == [
        f'{same} --folds 0',
        f'{same} --folds 1',
        f'{same} --collect',
    ]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ('--folds 0,x', r"--folds are numbers as 0,1, got '0,x'"),
        ('--folds 2', r'there is no fold 2: they are \[0, 1\]'),
        ('--jobs slurm', '--jobs slurm needs --partition'),
    ],
)
def test_arguments_that_cannot_be(
    tool, hubmap, tiny_config, tmp_path, arguments, message
):
    config = tiny_config(hubmap())
    given = [config, '--work-dir', str(tmp_path), *arguments.split()]
    with pytest.raises(InputError, match=message):
        tool('train_folds').main(given)


@pytest.mark.slow
def test_a_killed_runner_and_two_processes(
    hubmap, tiny_config, tmp_path, clean_environment
):
    """SIGKILL in the second fold; then on two processes, and to the end."""
    config, work_dir = tiny_config(hubmap(6), 8), tmp_path / 'w'
    log = tmp_path / 'log'

    def start(*command, **environment):
        with log.open('a') as file:
            return subprocess.Popen(
                [*command, '--work-dir', str(work_dir)],
                env={**clean_environment, **environment},
                stdout=file,
                stderr=file,
            )

    killed = start(sys.executable, str(TOOLS / 'train_folds.py'), config)
    deadline = time.monotonic() + 240
    while not (work_dir / 'fold_1' / 'iter_4.pth').exists():
        assert killed.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    trained = (work_dir / 'fold_0' / 'trained.json').stat().st_mtime
    two = start(
        *(str(TOOLS / 'dist_train.sh'), config, '2'),
        TOOL='train_folds.py',
        PORT='29633',
    )
    assert two.wait(240) == 0, log.read_text()
    assert (work_dir / 'fold_0' / 'trained.json').stat().st_mtime == trained
    assert 'resumed epoch: 0, iter: ' in log.read_text()
    rows = read_table(work_dir / 'per_image.csv', ['id'])
    assert len(rows) == 6
