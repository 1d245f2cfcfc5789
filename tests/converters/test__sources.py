from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_medical.converters import _sources
from mmseg_medical.converters.record import AnnotationError, Record, Skipped

SUFFIXES = ('.geojson', '.json', '.json.gz')


def read_file(path, img_id):
    text = path.read_text()
    if text == 'bad':
        raise AnnotationError(f'{path} is bad')
    return Record(img_id, None, (), path)


def write_file(record, path):
    path.parent.mkdir(exist_ok=True)
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
        iter(records), tmp_path / 'out', SUFFIXES, write_file
    )
    assert count == 3
    found = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob('*.geo*'))
    assert found == [
        Path('out/a.geojson'),
        Path('out/c.d.geojson'),
        Path('out/p1/b.geojson'),
    ]
    file = tmp_path / 'one.json.gz'
    assert _sources.write_each(records[:1], file, SUFFIXES, write_file) == 1
    assert file.read_text() == 'a'
    assert _sources.write_each([], file, SUFFIXES, write_file) == 0
    with pytest.raises(AnnotationError, match='holds one image'):
        _sources.write_each(records, tmp_path / 'x.json', SUFFIXES, write_file)
    assert not (tmp_path / 'x.json').exists()


@pytest.mark.parametrize('name', ['../x', 'p1/../../x', '/etc/x', 'a\0b'])
def test_names_do_not_lead_out_of_the_folder(tmp_path, name):
    with pytest.raises(AnnotationError, match='leads out of'):
        _sources.inside(tmp_path, name)
    with pytest.raises(AnnotationError, match='leads out of'):
        _sources.write_each(
            [Record(name, None, ())], tmp_path, SUFFIXES, write_file
        )


def test_names_that_stay_inside(tmp_path):
    assert _sources.inside(tmp_path, 'p1/../x') == tmp_path / 'x'
    with pytest.raises(AnnotationError, match=r"two images named 'p1/../a'"):
        _sources.write_each(
            [Record(name, None, ()) for name in ('a', 'p1/../a')],
            tmp_path,
            SUFFIXES,
            write_file,
        )


def test_images_are_found_by_name_with_or_without_suffix(tmp_path):
    for name in ('a.png', 'b.ome.TIF', 'c.jpg'):
        cv2.imencode('.png', np.zeros((4, 6), np.uint8))[1].tofile(
            tmp_path / name
        )
    assert _sources.find_image(tmp_path, 'a').name == 'a.png'
    assert _sources.find_image(tmp_path, 'a.png').name == 'a.png'
    assert _sources.find_image(tmp_path, 'b.ome').name == 'b.ome.TIF'
    assert _sources.find_image(tmp_path, 'c.json') is None
    assert _sources.find_image(None, 'a') is None
    with pytest.raises(AnnotationError, match='leads out of'):
        _sources.find_image(tmp_path / 'x', '../a')
    assert _sources.shape_of(tmp_path / 'a.png') == (4, 6)
    assert _sources.shape_of(None) is None
