import contextlib
import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmseg_medical import status_line as module
from mmseg_medical.status_line import StatusLine


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that goes on by a second whenever somebody looks at it."""
    seconds = iter(range(1000))
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(seconds))


@pytest.fixture
def on_a_terminal(streams):
    """A line below which nothing is, and a logger that writes there."""

    @contextlib.contextmanager
    def begin():
        with streams() as terminal:
            handler = logging.StreamHandler(terminal)
            line = StatusLine()
            line.open([handler])
            yield SimpleNamespace(
                line=line, terminal=terminal, handler=handler
            )
            line.close()
            assert sys.stdout is terminal
            assert sys.stderr is terminal
            assert handler.stream is terminal

    return begin


def test_others_write_above_the_line(on_a_terminal):
    with on_a_terminal() as line:
        line.line.show('train 1/9, a long text')
        record = logging.LogRecord('a', 20, 'f', 1, 'loss 0.5', (), None)
        line.handler.emit(record)
        print('printed', 7)
        sys.stderr.write('f.py:3: UserWarning: careful\n')
        line.line.show('train 2/9')
        assert line.terminal.rows() == [
            'loss 0.5',
            'printed 7',
            'f.py:3: UserWarning: careful',
            'train 2/9',
        ]


def test_the_line_waits_for_the_end_of_other_lines(on_a_terminal):
    with on_a_terminal() as line:
        line.line.show('train 1/9')
        sys.stderr.write('downloading')
        line.line.show('train 2/9')
        assert line.terminal.rows() == ['downloading']
        sys.stderr.write(' done\n')
        assert line.terminal.rows()[0] == 'downloading done'
        line.line.show('train 3/9')
        assert line.terminal.rows() == [
            'downloading done',
            'train 3/9',
        ]


def test_nothing_of_the_line_is_left(on_a_terminal):
    with on_a_terminal() as line:
        line.line.show('train 1/9')
        line.line.close()
        line.line.show('train 2/9')
        assert line.terminal.rows() == ['']


def test_the_line_fits_the_terminal(on_a_terminal):
    with on_a_terminal() as line:
        line.line.show('x' * 300)
        assert line.terminal.rows() == ['x' * 79]


def test_the_line_is_not_drawn_too_often(on_a_terminal, monkeypatch):
    with on_a_terminal() as line:
        now = 10**6
        monkeypatch.setattr(module.time, 'monotonic', lambda: now)
        line.line.show('train 1/9')
        now += 0.1
        assert not line.line.due
        line.line.show('train 2/9')
        assert line.terminal.rows() == ['train 1/9']
        now += 0.15
        line.line.show('train 3/9')
        assert line.terminal.rows() == ['train 3/9']


def test_there_is_no_line_in_a_log(monkeypatch):
    log, streams = io.StringIO(), (sys.stdout, sys.stderr)
    line = StatusLine(log)
    line.open()
    assert not line.due
    line.show('train 1/9')
    line.close()
    assert log.getvalue() == ''
    assert streams == (sys.stdout, sys.stderr)


ENDS = """
import sys
from status_line import StatusLine
line = StatusLine()
line.open()
line.show('train 1/9')
{}
"""


@pytest.mark.parametrize(
    ('end', 'expected'),
    [
        ("raise ValueError('broken')", ['Traceback', 'ValueError: broken']),
        ("sys.exit('error: nan')", ['error: nan']),
        ('', []),
    ],
)
def test_whatever_ends_a_process_is_readable(end, expected, screen):
    """In a terminal of its own."""
    pty = pytest.importorskip('pty')
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, '-c', ENDS.format(end)],
        stdout=theirs,
        stderr=theirs,
        cwd=Path(module.__file__).parent,  # no torch for this
        check=False,
    )
    text = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert 'train 1/9' in text
    shown = screen(text)
    assert shown[-1] == ''
    assert 'train' not in ''.join(row.lstrip() for row in shown)
    for row in expected:
        assert any(found.startswith(row) for found in shown), shown
