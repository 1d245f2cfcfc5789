import argparse

import pytest

from mmseg_medical.apis.command_line import (
    add_runner_arguments,
    run_tool,
    thresholds_of,
)
from mmseg_medical.errors import InputError


def test_arguments_of_openmmlab():
    parser = argparse.ArgumentParser()
    add_runner_arguments(parser)
    args = parser.parse_args(
        'c.py --work-dir w --launcher pytorch --local-rank 1 '
        '--cfg-options a.b=1 c=x,y'.split()
    )
    assert args.config == 'c.py'
    assert args.work_dir == 'w'
    assert args.launcher == 'pytorch'
    assert args.local_rank == 1
    assert args.cfg_options == {'a.b': 1, 'c': ['x', 'y']}
    assert parser.parse_args(['c.py', '--local_rank', '2']).local_rank == 2


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        (None, None),
        ('0.4', [0.4]),
        ('0.4,1', [0.4, 1]),
        ('lung=0.4,b=c=1e-1', {'lung': 0.4, 'b=c': 0.1}),
    ],
)
def test_thresholds(text, expected):
    assert thresholds_of(text, '--low') == expected


@pytest.mark.parametrize('text', ['', 'a', 'lung=', '0.4;0.5'])
def test_what_are_no_thresholds(text):
    with pytest.raises(InputError, match=r'--low is .*, expected numbers as'):
        thresholds_of(text, '--low')


def raising(error):
    def main(argv):
        raise error

    return main


def test_a_mistake_of_the_user_is_one_line(monkeypatch):
    with pytest.raises(SystemExit) as caught:
        run_tool(raising(InputError('train.csv: no')))
    assert caught.value.code == 'error: train.csv: no'
    worker = 'Caught InputError in worker 0.\nTraceback …\nInputError: line 3'
    with pytest.raises(SystemExit) as caught:
        run_tool(raising(InputError(worker)))
    assert caught.value.code == 'error: line 3'
    with pytest.raises(SystemExit, match='error: x does not exist'):
        run_tool(raising(FileNotFoundError('x does not exist')))
    monkeypatch.setenv('MMSEG_MEDICAL_TRACEBACK', '1')
    with pytest.raises(InputError):
        run_tool(raising(InputError('x')))


def test_a_mistake_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_tool(raising(ZeroDivisionError()))


def test_an_interrupt_has_its_status():
    with pytest.raises(SystemExit) as caught:
        run_tool(raising(KeyboardInterrupt()))
    assert caught.value.code == 130
