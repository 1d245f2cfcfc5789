import io

import pytest

from mmseg_medical import progress as module
from mmseg_medical.progress import Progress, duration


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
