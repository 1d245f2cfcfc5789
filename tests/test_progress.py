import contextlib
import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmseg_medical import progress as module
from mmseg_medical.progress import Progress, StatusLine, duration


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that goes on by a second whenever somebody looks at it."""
    seconds = iter(range(1000))
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(seconds))


def test_a_terminal_shows_the_count_as_it_grows():
    file = Terminal()
    with Progress(3, file=file) as progress:
        assert list(progress.over('abc')) == ['a', 'b', 'c']
    lines = [line.rstrip(' ') for line in file.getvalue().split('\r')]
    assert lines == [
        *('', '1/3 images, 2 s left', '2/3 images, 1 s left'),
        *('3/3 images, 0 s left', f'{"3/3 images in 4 s":40}\n'),
    ]


def test_it_is_not_drawn_all_the_time(monkeypatch):
    monkeypatch.setattr(module, '_PAUSE', 2.5)
    file = Terminal()
    with Progress(file=file) as progress:
        for _ in range(7):
            progress.step()
    assert file.getvalue().count('\r') == 3


def test_a_log_gets_the_last_state():
    file = io.StringIO()
    with Progress(file=file) as progress:
        progress.step()
        progress.step()
    assert file.getvalue() == '2 images in 3 s\n'


@pytest.mark.parametrize('file', [Terminal(), io.StringIO()])
def test_an_error_begins_a_line_of_its_own(file):
    with pytest.raises(ValueError, match='broken'), Progress(file=file) as bar:
        bar.step()
        raise ValueError('broken')
    assert file.getvalue().endswith('\n')


def test_nothing_is_said_where_nothing_was_done():
    file = Terminal()
    with Progress(9, file=file):
        pass
    assert file.getvalue() == ''


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
from progress import StatusLine
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


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [
        (0, '0 s'),
        (59.4, '59 s'),
        (59.6, '1 min 0 s'),
        (250, '4 min 10 s'),
        (11520, '3 h 12 min'),
        (187300, '2 d 4 h'),
    ],
)
def test_times_as_people_say_them(seconds, text):
    assert duration(seconds) == text
