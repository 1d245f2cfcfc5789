import itertools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_medical.apis.convert import convert
from mmseg_medical.converters import coco, cvat
from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

ONE = np.zeros((6, 8), np.uint8)
ONE[1:4, 2:5] = 1
ONE[2, 3] = 0  # a hole
OTHER = np.zeros((6, 8), np.uint8)
OTHER[4:, 6:] = 1  # up to the last pixel


def annotation(label, mask):
    return Annotation(label, Runs.from_mask(mask, 'F'))


RECORDS = [
    Record('p_1', (6, 8), (annotation('b', ONE), annotation('a', OTHER))),
    Record('p_2', (6, 8), (annotation('a', ONE),)),
    Record('p_3', (6, 8), ()),
]


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    folder.mkdir()
    for record in RECORDS:
        path = folder / f'{record.img_id}.png'
        cv2.imwrite(str(path), np.zeros((6, 8, 3), np.uint8))
    return folder


@pytest.fixture
def source(tmp_path):
    path = tmp_path / 'source.json'
    coco.write(RECORDS, path)
    return path


def run(source, target, to_format, from_format='coco', **more):
    return convert(
        source, target, from_format=from_format, to_format=to_format, **more
    )


# What each format needs to be told, and where it forgets something.
WRITTEN = {
    'coco': {},
    'index_maps': {},
    'class_masks': {},
    'mmseg': {},
    'ome_tiff': {},
    'uw_madison': {},
    'nifti': dict(write_options=dict(spacing=(3, 1, 1))),
    'nifti_masks': dict(write_options=dict(spacing=(3, 1, 1))),
    'labelme': {},
    'geojson': {},
    'cvat': {},
}
PAIRS = list(itertools.permutations(WRITTEN, 2))


@pytest.mark.parametrize(
    ('first', 'second'), PAIRS[::7], ids=lambda name: name
)
def test_masks_survive_pairs_of_formats(
    source, tmp_path, images, masks_of, first, second
):
    one = {'geojson': 'one', 'coco': 'one.json', 'cvat': 'one.xml'}
    paths = [
        tmp_path / f'{k}{one.get(f, "one")}'
        for k, f in enumerate((first, second))
    ]
    run(source, paths[0], first, **WRITTEN[first], img_dir=images)
    run(
        *(paths[0], paths[1], second, first),
        **WRITTEN[second],
        img_dir=images,
        classes=['a', 'b'],
    )
    back = tmp_path / 'back.json'
    done = run(
        *(paths[1], back, 'coco', second), img_dir=images, classes=['a', 'b']
    )
    assert (done.images, done.written, done.empty) == (3, 3, 1)
    for k, record in enumerate(coco.read(back)):
        assert masks_of(record, by='classes') == masks_of(
            RECORDS[k], by='classes'
        )


@pytest.fixture(scope='session')
def masks_of():
    def make(record, *, by):
        return {
            a.label: a.mask(record.shape).tolist() for a in record.annotations
        }

    return make


def test_counts_of_what_was_done(source, tmp_path):
    seen = []
    done = run(
        *(source, tmp_path / 'out', 'index_maps'),
        progress=lambda: seen.append(1),
    )
    assert (done.images, done.written, done.empty) == (3, 3, 1)
    assert done.objects == {'a': 2, 'b': 1}
    assert done.classes == ['a', 'b']
    assert (done.skipped, done.tolerated, len(seen)) == ([], [], 3)
    assert read_labels(tmp_path / 'out' / 'p_1.png')[1, 2] == 2


def test_classes_are_in_the_order_that_was_asked_for(source, tmp_path):
    run(source, tmp_path / 'out', 'index_maps', classes=['b', 'a'])
    assert read_labels(tmp_path / 'out' / 'p_1.png')[1, 2] == 1
    with pytest.raises(InputError, match="'b' is none of the classes"):
        run(source, tmp_path / 'other', 'index_maps', classes=['a'])
    assert not (tmp_path / 'other').exists()


def test_other_classes_are_left_out_and_counted(source, tmp_path):
    out = tmp_path / 'out.csv'
    with pytest.raises(
        InputError, match=r'choose one \(--classes NAME --only'
    ):
        run(source, out, 'hubmap')
    done = run(source, out, 'hubmap', classes=['b'], only=True)
    assert (done.objects, done.left_out) == ({'b': 1}, {'a': 2})
    with pytest.raises(InputError, match=r'name them \(--classes\)'):
        run(source, tmp_path / 'o.csv', 'coco', only=True)
    assert (done.written, done.empty) == (3, 2)
    with pytest.raises(InputError, match="'a' is none of the classes"):
        run(source, tmp_path / 'o', 'labelme', classes=['b'])
    back = tmp_path / 'back.json'
    done = run(out, back, 'coco', 'hubmap', classes=['gland'])
    assert done.objects == {'gland': 1}


def test_messages_name_what_the_user_named(source, tmp_path, monkeypatch):
    out = tmp_path / 'out.json'
    with pytest.raises(InputError, match=rf'^{out} holds one image, and'):
        run(source, out, 'geojson')

    def full(records, path):
        raise OSError(28, f'cannot write {path}: no space')

    monkeypatch.setattr(coco, 'write', full)
    with pytest.raises(OSError, match=f'cannot write {out}: no space'):
        run(source, out, 'coco')


def test_paths_of_images_hold_where_the_files_come_to_lie(
    source, images, tmp_path
):
    out = tmp_path / 'out'
    run(source, out, 'labelme', img_dir=images)
    run(out, tmp_path / 'deep' / 'again', 'labelme', 'labelme')
    for folder in (out, tmp_path / 'deep' / 'again'):
        for path in folder.iterdir():
            name = json.loads(path.read_text())['imagePath']
            assert (folder / name).resolve() == images / f'{path.stem}.png'
    run(out, tmp_path / 'b.json', 'coco', 'labelme', img_dir=tmp_path)
    paths = [record.img_path for record in coco.read(tmp_path / 'b.json')]
    assert paths[0] == Path('images/p_1.png')


def test_images_of_one_name_are_refused_or_counted(tmp_path):
    path, out = tmp_path / 'a.xml', tmp_path / 'out'
    cvat.write([*RECORDS, RECORDS[1]], path)
    with pytest.raises(InputError, match=r"a\.xml: two images are named 'p_2"):
        run(path, out, 'index_maps', 'cvat')
    done = run(path, out, 'index_maps', 'cvat', skip_errors=True)
    assert (done.images, done.written, len(done.skipped)) == (3, 3, 1)


def test_classes_of_the_source_are_not_those_of_the_target(tmp_path):
    folder, out = tmp_path / 'maps', tmp_path / 'out'
    folder.mkdir()
    cv2.imwrite(str(folder / 'x.png'), ONE + 2 * OTHER)
    with pytest.raises(InputError, match=r'does not say .*--from-classes'):
        run(folder, out, 'index_maps', 'index_maps', classes=['b', 'a'])
    done = run(
        *(folder, out, 'index_maps', 'index_maps'), from_classes=['a', 'b']
    )
    assert done.classes == ['a', 'b']
    done = run(
        *(out, tmp_path / 'turned', 'index_maps', 'index_maps'),
        classes=['b', 'a'],
    )
    labels = read_labels(tmp_path / 'turned' / 'x.png')
    np.testing.assert_array_equal(labels, 2 * ONE + OTHER)
    with pytest.raises(InputError, match="coco has no 'classes' when it is r"):
        run(tmp_path / 'c.json', tmp_path / 'o', 'labelme', from_classes='a')


def test_splits(source, tmp_path, images):
    (tmp_path / 'train.txt').write_text('p_1\np_3\n')
    (tmp_path / 'val.txt').write_text('p_2')
    files = [tmp_path / 'train.txt', tmp_path / 'val.txt']
    done = run(source, tmp_path / 'out', 'mmseg', split=files, img_dir=images)
    assert done.images == 3
    for kind in ('ann_dir', 'img_dir'):
        names = [p.name for p in (tmp_path / 'out' / kind / 'val').iterdir()]
        assert names == ['p_2.png']
    done = run(source, tmp_path / 'b.json', 'coco', split=files[1:])
    assert [r.img_id for r in coco.read(tmp_path / 'b.json')] == ['p_2']
    files[1].write_text('p_2\np_9')
    done = run(
        *(source, tmp_path / 'd.json', 'coco'), split=files, skip_errors=True
    )
    assert (done.images, len(done.skipped)) == (3, 1)
    with pytest.raises(InputError, match=r"1 ids .*source\.json, first 'p_9'"):
        run(source, tmp_path / 'c', 'mmseg', split=files)
    with pytest.raises(InputError, match=r'name of another split'):
        run(source, tmp_path / 'c', 'mmseg', split=files[:1] * 2)
    files[0].write_text('')
    with pytest.raises(InputError, match=r'train\.txt is empty'):
        run(source, tmp_path / 'c', 'mmseg', split=files)
    with pytest.raises(FileNotFoundError, match='check --split'):
        run(source, tmp_path / 'c', 'mmseg', split=['none.txt'])
    assert not (tmp_path / 'c').exists()


def test_sizes_come_from_the_images(tmp_path, images):
    table = tmp_path / 'a.csv'
    table.write_text('id,class,segmentation\np_1,a,48 1\n')
    done = run(
        table, tmp_path / 'out.json', 'coco', 'uw_madison', img_dir=images
    )
    assert done.images == 1
    (record,) = coco.read(tmp_path / 'out.json')
    assert record.shape == (6, 8)
    assert record.annotations[0].runs.starts.tolist() == [47]
    outlines = tmp_path / 'p_2.json'
    outlines.write_text('[[[0, 0], [2, 0], [2, 2]]]')
    done = run(
        outlines, tmp_path / 'two.json', 'coco', 'hubmap_json', img_dir=images
    )
    assert next(coco.read(tmp_path / 'two.json')).shape == (6, 8)
    with pytest.raises(InputError, match=r'how large .*--images'):
        run(outlines, tmp_path / 'three.json', 'coco', 'hubmap_json')


def test_parts_become_objects(tmp_path):
    path, out = tmp_path / 'a.json', tmp_path / 'b.json'
    both = Record('x', (6, 8), (annotation('a', ONE | OTHER),))
    coco.write([both], path)
    done = run(path, out, 'coco', objects=True)
    assert done.objects == {'a': 2}
    (record,) = coco.read(out)
    assert [a.runs.area for a in record.annotations] == [8, 4]


def test_nothing_is_left_of_a_conversion_that_was_stopped(source, tmp_path):
    def stop():
        raise KeyboardInterrupt

    for target, to_format in (('o', 'index_maps'), ('o.xml', 'cvat')):
        with pytest.raises(KeyboardInterrupt):
            run(source, tmp_path / target, to_format, progress=stop)
    assert list(tmp_path.iterdir()) == [source]


def test_errors_stop_or_are_listed(source, tmp_path):
    text = source.read_text().replace('"category_id": 2', '"category_id": 9')
    source.write_text(text)
    with pytest.raises(InputError, match='category_id 9'):
        run(source, tmp_path / 'out', 'index_maps')
    done = run(source, tmp_path / 'out', 'index_maps', skip_errors=True)
    assert (done.images, done.written, len(done.skipped)) == (3, 3, 2)
    assert done.objects == {'b': 1}


def test_overlaps_are_refused_or_counted(tmp_path):
    path = tmp_path / 'a.json'
    over = Record(
        'x', (6, 8), (annotation('a', ONE), annotation('b', ONE | OTHER))
    )
    coco.write([over, RECORDS[1]], path)
    with pytest.raises(InputError, match=r"x: 'b' overlaps .*--overlap"):
        run(path, tmp_path / 'out', 'index_maps')
    done = run(path, tmp_path / 'out', 'index_maps', skip_errors=True)
    assert (done.images, done.written, len(done.skipped)) == (2, 1, 1)
    done = run(
        *(path, tmp_path / 'later', 'index_maps'),
        write_options=dict(overlap='later'),
    )
    assert done.tolerated == [
        'x: 8 pixels of overlaps went to the later annotation'
    ]


def test_what_is_there_is_not_overwritten(source, tmp_path):
    out, file = tmp_path / 'out', tmp_path / 'out.json'
    out.mkdir()
    run(source, out, 'index_maps')  # an empty folder is no obstacle
    with pytest.raises(InputError, match=r'out exists already; .*--overwrite'):
        run(source, out, 'index_maps')
    (out / 'mine.txt').touch()
    run(source, out, 'index_maps', overwrite=True)
    run(source, out, 'class_masks', overwrite=True)
    assert (tmp_path / 'out.old' / 'mine.txt').is_file()
    assert (tmp_path / 'out.old1' / 'p_1.png').is_file()
    assert not (out / 'p_1.png').exists()
    file.write_text('mine')
    with pytest.raises(InputError, match='exists already'):
        run(source, file, 'coco')
    with pytest.raises(InputError, match="'b' is none of"):
        run(source, file, 'coco', classes=['a'], overwrite=True)
    assert file.read_text() == 'mine'
    run(source, file, 'coco', overwrite=True)
    assert len(list(coco.read(file))) == 3
    assert not list(tmp_path.glob('.*'))


def test_formats_say_what_they_cannot(source, tmp_path, images):
    out = tmp_path / 'out'
    for name, message in (
        ('hubmap', r"has one class, got \['a', 'b'\]"),
        ('object_masks', r'p_1: this format does not name classes'),
        ('ome_probabilities', 'p_1 has no probabilities'),
        ('siim', 'has one class'),
        ('nifti', r"'p': nothing says how large its voxels are"),
        ('predictions', 'predictions cannot be written'),
        ('aperio', 'aperio cannot be written'),
    ):
        with pytest.raises(InputError, match=message):
            run(source, out, name)
    with pytest.raises(InputError, match="index_maps has no 'x' when it is"):
        run(source, out, 'index_maps', write_options=dict(x=1))
    with pytest.raises(InputError, match="coco has no 'x' when it is read"):
        run(source, out, 'index_maps', read_options=dict(x=1))
    with pytest.raises(InputError, match='ome_probabilities cannot be read'):
        run(source, out, 'coco', 'ome_probabilities')
    assert not out.exists()


def test_a_source_without_annotations_has_no_classes(tmp_path):
    path, out = tmp_path / 'a.json', tmp_path / 'out'
    coco.write(RECORDS[2:], path)
    with pytest.raises(InputError, match=r'no image has an .*--classes'):
        run(path, out, 'index_maps')
    path.write_text('{')
    with pytest.raises(InputError, match=r'a\.json is no JSON'):
        run(path, out, 'index_maps', 'labelme', skip_errors=True)
    coco.write(RECORDS[2:], path)
    done = run(path, out, 'index_maps', classes=['a'])
    assert (done.written, done.empty) == (1, 1)
