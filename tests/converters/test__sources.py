from pathlib import Path

import pytest

from mmseg_medical.converters import _sources
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)
from mmseg_medical.errors import InputError, ToleratedWarning

SUFFIXES = ('.geojson', '.json', '.json.gz')


def read_file(path, img_id):
    text = path.read_text()
    if text == 'bad':
        raise AnnotationError(f'{path} is bad')
    return Record(img_id, None, (), path)


def write_file(record, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(record.img_id)


@pytest.fixture
def folder(tmp_path):
    for name in ('b.JSON', 'a.ome.geojson', 'p1/c.json.gz', 'p1/notes.txt'):
        path = tmp_path / 'in' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('good')
    hidden = tmp_path / 'in' / '.ipynb_checkpoints'
    hidden.mkdir()
    (hidden / 'b-checkpoint.json').write_text('bad')
    (tmp_path / 'in' / '._b.json').write_text('bad')
    return tmp_path / 'in'


def test_files_of_a_folder_have_the_names_of_their_images(folder):
    records = _sources.read_each(folder, SUFFIXES, read_file, None)
    names = [record.img_id for record in records]
    assert names == ['a.ome', 'b', 'p1/c']
    (one,) = _sources.read_each(
        folder / 'p1' / 'c.json.gz', SUFFIXES, read_file, None
    )
    assert one.img_id == 'c'


def test_files_that_cannot_be_read_are_kept_or_raised(folder):
    (folder / 'b.JSON').write_text('bad')
    skipped = Skipped(strict=False)
    records = list(_sources.read_each(folder, SUFFIXES, read_file, skipped))
    assert [record.img_id for record in records] == ['a.ome', 'p1/c']
    assert len(skipped) == 1
    assert str(skipped.errors[0]).endswith('b.JSON is bad')
    with pytest.raises(AnnotationError, match=r'b\.JSON is bad'):
        list(_sources.read_each(folder, SUFFIXES, read_file, None))


def test_reading_is_lazy(folder):
    (folder / 'b.JSON').write_text('bad')
    records = _sources.read_each(folder, SUFFIXES, read_file, None)
    assert next(records).img_id == 'a.ome'


def test_missing_files_and_empty_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing does not exist'):
        next(_sources.read_each(tmp_path / 'nothing', SUFFIXES, None, None))
    with pytest.raises(AnnotationError, match=r'no files \*\.geojson, \*\.js'):
        next(_sources.read_each(tmp_path, SUFFIXES, None, None))


def test_images_are_written_to_a_folder_or_one_to_a_file(tmp_path):
    records = [Record(name, None, ()) for name in ('a', 'p1/b', 'c.d')]
    count = _sources.write_each(
        iter(records), tmp_path / 'out', SUFFIXES, write_file, None
    )
    assert count == 3
    found = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob('*.geo*'))
    assert found == [
        Path('out/a.geojson'),
        Path('out/c.d.geojson'),
        Path('out/p1/b.geojson'),
    ]
    file = tmp_path / 'one.json.gz'

    def write(records, path):
        return _sources.write_each(records, path, SUFFIXES, write_file, None)

    assert write(records[:1], file) == 1
    assert file.read_text() == 'a'
    assert write([], file) == 0
    with pytest.raises(AnnotationError, match='holds one image'):
        write(records, tmp_path / 'x.json')
    assert not (tmp_path / 'x.json').exists()


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    def write_some(record, path):
        if record.img_id == 'b':
            raise AnnotationError('b cannot be written')
        write_file(record, path)

    records = [Record(name, None, ()) for name in ('a', 'b', 'c', 'c')]
    out = tmp_path / 'out'
    with pytest.raises(AnnotationError, match='b cannot be written'):
        _sources.write_each(records, out, SUFFIXES, write_some, None)
    assert not list(tmp_path.iterdir())
    skipped = Skipped(strict=False)
    count = _sources.write_each(records, out, SUFFIXES, write_some, skipped)
    assert count == 2
    assert [p.name for p in sorted(out.iterdir())] == [
        *('a.geojson', 'c.geojson')
    ]
    assert [str(error) for error in skipped.errors] == [
        'b cannot be written',
        "two images are named 'c'; every image needs its own img_id",
    ]


@pytest.mark.parametrize(
    'name',
    *[['', '.', '..', '../a', 'a/../b', '/a', 'a//b', 'a\\b', 'a\0', 'a:b']],
)
def test_names_never_leave_the_folder(tmp_path, name):
    with pytest.raises(InputError, match='rename the image or the class'):
        _sources.below(tmp_path, name)
    with pytest.raises(InputError, match='rename the image or the class'):
        _sources.write_each(
            [Record(name, None, ())],
            tmp_path / 'out',
            SUFFIXES,
            write_file,
            None,
        )


def test_names_with_folders(tmp_path):
    path = _sources.below(tmp_path, 'a/b.c', suffix='.png')
    assert path == tmp_path / 'a' / 'b.c.png'
    assert _sources.below(tmp_path, '..a') == tmp_path / '..a'


@pytest.mark.parametrize(
    ('img_id', 'path', 'known', 'name'),
    [
        ('a', None, {}, 'a'),
        ('p/a', None, {'img_name': '..\\images\\a.jpg'}, 'p/a.jpg'),
        ('a', 'val/a.png', {'img_name': 'x.jpg'}, 'val/a.png'),
        ('a', '/data/images/sub/a.png', {}, 'sub/a.png'),
        ('p/a', '/elsewhere/b.png', {}, 'p/b.png'),
    ],
)
def test_names_of_images_begin_at_their_folder(img_id, path, known, name):
    record = Record(img_id, None, (), path and Path(path), known)
    assert _sources.image_name(record, '/data/images') == name


def test_a_second_class_is_refused_where_none_is_named():
    labels = set()
    one, other = (Annotation(name) for name in ('b', 'a'))
    for record in (Record('x', None, ()), Record('y', None, (one, one))):
        _sources.refuse_classes(record, labels)
    with pytest.raises(AnnotationError, match=r"z: .* are \['a', 'b'\]"):
        _sources.refuse_classes(Record('z', None, (other,)), labels)
    assert labels == {'b'}


def test_objects_without_a_pixel_are_told(recwarn):
    record = Record('x', None, ())
    _sources.warn_of_empty(record, 0)
    assert not recwarn
    with pytest.warns(ToleratedWarning, match='x: 2 objects without a pixel'):
        _sources.warn_of_empty(record, 2)


def test_an_image_is_written_once(tmp_path):
    record = Record('a', (2, 3), ())
    written = []

    def write(records, **options):
        return _sources.write_records(
            records,
            tmp_path / 'out',
            write_one=lambda r, folder: written.append(r.img_id),
            **options,
        )

    with pytest.raises(InputError, match="two images are named 'a'"):
        write([record, record], skipped=None)
    skipped = Skipped(strict=False)
    assert write([record, record], skipped=skipped) == 1
    assert (written, len(skipped)) == (['a', 'a'], 1)
