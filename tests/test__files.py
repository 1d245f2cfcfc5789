import errno
import os
import stat

import pytest

from mmseg_medical._files import (
    appearing,
    inside,
    locked,
    new_folder,
    replacing,
)
from mmseg_medical.errors import InputError


def test_a_file_appears_whole_with_usual_rights(tmp_path):
    path = tmp_path / 'new' / 'a.txt'
    with replacing(path) as temporary:
        temporary.write_text('half')
        assert not path.exists()
        temporary.write_text('whole')
    assert path.read_text() == 'whole'
    plain = tmp_path / 'plain'
    plain.write_text('')
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(
        plain.stat().st_mode
    )


@pytest.mark.parametrize(
    'error',
    [
        KeyboardInterrupt(),
        ValueError('x'),
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    ],
)
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(type(error)), replacing(path) as temporary:
        temporary.write_text('new')
        raise error
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['a.txt']


def test_a_full_disk_is_named(tmp_path):
    path = tmp_path / 'a.txt'
    with (
        pytest.raises(OSError, match=r'cannot write .*a\.txt: No space left'),
        replacing(path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with (
        pytest.raises(OSError, match=r'cannot write .*file/a\.txt'),
        replacing(tmp_path / 'file' / 'a.txt'),
    ):
        pass


def test_a_folder_appears_whole_with_usual_rights(tmp_path):
    path, plain = tmp_path / 'new' / 'out', tmp_path / 'plain'
    with new_folder(path) as temporary:
        (temporary / 'a.txt').write_text('half')
        assert not path.exists()
    assert (path / 'a.txt').read_text() == 'half'
    plain.mkdir()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(
        plain.stat().st_mode
    )
    with new_folder(plain) as temporary:  # empty
        (temporary / 'a.txt').touch()
    assert [p.name for p in plain.iterdir()] == ['a.txt']


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    path = tmp_path / 'out'
    path.mkdir()
    (path / 'mine').touch()
    for there in (path, path / 'mine'):
        with pytest.raises(InputError, match='exists already; choose'):
            with new_folder(there):
                pass
    assert [p.name for p in tmp_path.rglob('*')] == ['out', 'mine']


@pytest.mark.parametrize('error', [KeyboardInterrupt(), ValueError('x')])
def test_a_failure_leaves_no_folder(tmp_path, error):
    with pytest.raises(type(error)):
        with new_folder(tmp_path / 'out') as temporary:
            (temporary / 'a').touch()
            raise error
    assert not list(tmp_path.iterdir())


def test_what_is_replaced(tmp_path):
    path, out = tmp_path / 'a.txt', tmp_path / 'out'
    for text in ('old', 'new'):
        with appearing(path, replace=True) as place:
            place.write_text(text)
            assert not path.exists() or path.read_text() == 'old'
        with appearing(out, replace=True) as place:
            place.mkdir()
            (place / text).touch()
    with appearing(out, replace=True) as place:
        place.mkdir()
    assert path.read_text() == 'new'
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob('*')}
    assert found == {
        *('a.txt', 'out', 'out.old', 'out.old/old', 'out.old1'),
        'out.old1/new',
    }


def test_a_neighbour_leads_to_the_same_files(tmp_path):
    with appearing(tmp_path / 'out') as place:
        assert place.parent == tmp_path
        place.touch()
    with pytest.raises(InputError, match=r'nothing was written to .*none'):
        with appearing(tmp_path / 'none'):
            pass


def test_a_folder_belongs_to_one_process(tmp_path, held_by_another):
    """Another one is refused, until the first ends, however it ends."""
    folder = tmp_path / 'fold_0'
    with (
        held_by_another(folder),
        pytest.raises(InputError, match=r'fold_0 is being written by ano'),
        locked(folder),
    ):
        pass
    with locked(folder), locked(folder):  # one within the other
        pass


def test_names_stay_within_their_folder(tmp_path):
    assert (
        inside(tmp_path, 'case/a..b.tiff') == tmp_path / 'case' / 'a..b.tiff'
    )
    for name in ('', '/a', '../a', 'b/../../a', '..\\a'):
        with pytest.raises(ValueError, match='leads out of it'):
            inside(tmp_path, name)
