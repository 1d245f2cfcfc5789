import re
import sys
from pathlib import Path

import pytest
import termcolor
import torch

from mmseg_medical import status_line
from mmseg_medical.apis import load_config
from mmseg_medical.apis import test as run_test
from mmseg_medical.engine import pace
from mmseg_medical.errors import InputError
from mmseg_medical.models.segmentors.segmentor import MedicalSegmentor

RECORD = re.compile(r'\d\d/\d\d [\d:]{8} - mmengine - ')
OFTEN = """
train_cfg = dict(max_iters=6, val_interval=4)
"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Draw every state, and measure from the second iteration on."""
    monkeypatch.setattr(status_line, '_PAUSE', 0)
    monkeypatch.setattr(pace, '_WARM_UP', 1)
    monkeypatch.setattr(pace, '_ENOUGH', 2)
    termcolor.termcolor.can_colorize.cache_clear()  # of another stream


def drawn(text):
    """States of the line in their order."""
    parts = re.split(r'[\r\n]', text)
    return [part.rstrip() for part in parts if re.search(r'\[[#.]+\]', part)]


def test_a_terminal_shows_how_far_it_is_below_the_log(run, streams):
    with streams() as terminal:
        run(6, OFTEN, work_dir='all/fold_1/stage_0_coarse')
    states = drawn(terminal.getvalue())
    train = [s for s in states if s.startswith('fold 1 stage 0 coarse train')]
    assert re.fullmatch(
        r'fold 1 stage 0 coarse train \[#\.{9}\] 1/6  loss 0\.\d{4}', train[0]
    )
    assert re.fullmatch(
        r'fold 1 stage 0 coarse train \[#{10}\] 6/6  ETA \d+ s  '
        r'loss 0\.\d{4}  best 0\.\d+.*',
        train[-1],
    )
    assert any(' val [#####.....] 1/2  ETA ' in state for state in states)
    rows = terminal.rows()
    first = next(k for k, row in enumerate(rows) if 'Checkpoints will' in row)
    assert len(rows[first:-1]) > 10
    assert all(RECORD.match(row) for row in rows[first:-1])
    assert rows[-1] == ''  # the line is gone


def test_a_log_has_lines_only(run, streams, tmp_path):
    with streams(terminal=False) as piped:
        run(6, OFTEN)
    (log,) = (tmp_path / 'work').glob('*/*.log')
    for text in (piped.getvalue(), log.read_text()):
        assert not re.search(r'[\x00-\x08\x0b-\x1f\x7f]', text)
        assert not drawn(text)
        scores = re.findall(
            r' - dice_per_image (\S+) at iteration (\d), best so far (\S+)',
            text,
        )
        assert [number for _, number, _ in scores] == ['4', '6']
        values = [float(value) for value, _, _ in scores]
        bests = [float(best) for _, _, best in scores]
        assert bests == [values[0], max(values)]
        said = re.findall(r'INFO - (about .*)', text)
        assert len(said) == 2
        assert re.fullmatch(
            r'about \d+ s left for 3 iterations \(\S+ s each\), validations '
            r'come on top; \d+\.\d of \d+ GB .* so far',
            said[0],
        )
        assert re.fullmatch(
            r'about \d+ s left for 2 iterations \(\S+ s each\) and 1 '
            r'validation \(\d+ s each\); \d+\.\d of \d+ GB .* so far',
            said[1],
        )


def test_the_eta_of_the_log_has_validations_in_it(run, monkeypatch):
    monkeypatch.setattr(
        pace.Pace, 'left', lambda self, *counts: 3600 * counts[1] + counts[0]
    )
    runner = run(6, 'train_cfg = dict(max_iters=6, val_interval=2)')
    (log,) = Path(runner.log_dir).glob('*.log')
    etas = re.findall(r'Iter\(train\).*eta: (\S+)', log.read_text())
    assert etas == [
        '3:00:05',
        '3:00:04',
        '2:00:03',
        '2:00:02',
        '1:00:01',
        '1:00:00',
    ]


def test_what_stops_a_training_is_readable(run, streams, monkeypatch):
    original = MedicalSegmentor.loss
    calls = []

    def loss(self, inputs, samples):
        calls.append(1)
        factor = torch.nan if len(calls) == 3 else 1
        losses = original(self, inputs * factor, samples)
        return losses

    monkeypatch.setattr(MedicalSegmentor, 'loss', loss)
    with streams() as terminal:
        with pytest.raises(InputError, match='nan') as error:
            run(6)
        sys.stderr.write(f'error: {error.value}\n')
        assert drawn(terminal.getvalue())[-1].startswith('train [###')
        assert any(row.startswith('error: ') for row in terminal.rows())


def test_a_test_shows_how_far_it_is(trained, tmp_path, streams):
    with streams() as terminal:
        run_test(
            load_config(trained.config, work_dir=str(tmp_path)),
            str(trained.checkpoint),
        )
    states = drawn(terminal.getvalue())
    assert states[0].startswith('test [#####.....] 1/2  ETA')
    assert 'test [##########] 2/2  ETA 0 s' in states
    assert terminal.rows()[-1] == ''


def test_other_processes_are_silent(run, streams, monkeypatch):
    monkeypatch.setattr(
        'mmseg_medical.engine.hooks.progress.is_main_process', bool
    )
    with streams() as terminal:
        run(2)
    assert not drawn(terminal.getvalue())
