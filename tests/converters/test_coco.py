import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters import coco
from mmseg_medical.converters._sources import EmptyObjectWarning
from mmseg_medical.converters.coco import COCOError
from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]
MASK = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1]], np.uint8)


def write_json(path, *annotations, **changes):
    data = dict(
        images=[
            dict(id=3, file_name='train/a.png', height=4, width=5),
            dict(id=9, file_name='train\\b.v2.png', height=3, width=3),
        ],
        categories=[dict(id=7, name='cell'), dict(id=40, name='gland')],
        annotations=[
            dict(id=k, image_id=3, category_id=7) | annotation
            for k, annotation in enumerate(annotations)
        ],
    )
    path.write_text(json.dumps(data | changes))
    return path


def test_everything_that_coco_writes(tmp_path):
    path = write_json(
        tmp_path / 'a.json',
        dict(segmentation=[SQUARE, [3, 0, 4, 0, 4, 1, 3, 1]], score=0.5),
        dict(
            image_id=9,
            category_id=40,
            iscrowd=1,
            segmentation=dict(size=[3, 3], counts=[1, 2, 2, 4]),
        ),
        dict(image_id=9, segmentation=dict(size=[3, 3], counts='1222')),
    )
    first, second = coco.read(path)
    assert (first.img_id, first.shape) == ('a', (4, 5))
    assert first.img_path == Path('train/a.png')
    (cell,) = first.annotations
    assert (cell.label, cell.score, cell.painter) == ('cell', 0.5, 'coco')
    assert cell.mask((4, 5)).tolist() == [
        [0, 0, 0, 1, 0],
        [0, 1, 1, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert second.img_id == 'b.v2'
    crowd, other = second.annotations
    assert (crowd.label, crowd.properties) == ('gland', {'iscrowd': 1})
    assert (other.label, other.properties) == ('cell', {})
    for annotation in second.annotations:
        np.testing.assert_array_equal(annotation.mask((3, 3)), MASK)


def test_images_without_annotations_are_kept(tmp_path):
    records = list(coco.read(write_json(tmp_path / 'a.json')))
    assert [(r.img_id, r.annotations) for r in records] == [
        ('a', ()),
        ('b.v2', ()),
    ]


def test_names_that_repeat_keep_their_folders(tmp_path):
    images = [
        dict(id=k, file_name=f'{k}/a.png', height=2, width=2) for k in '12'
    ]
    path = write_json(tmp_path / 'a.json', images=images)
    assert [r.img_id for r in coco.read(path)] == ['1/a', '2/a']
    images[1]['file_name'] = '1/a.png'
    with pytest.raises(COCOError, match=r"the file_name '1/a\.png'"):
        list(coco.read(write_json(tmp_path / 'a.json', images=images)))


@pytest.mark.parametrize(
    ('annotation', 'message'),
    [
        (dict(bbox=[1, 1, 2, 2]), r'annotation 1: it has a box and no segm'),
        (dict(segmentation=[]), r'annotation 1: it has no segmentation'),
        (dict(segmentation='x'), 'list of polygons or a dict'),
        (dict(segmentation=[[1, 2, 3, 4]]), '3 or more'),
        (dict(segmentation=[[1, 2, 3, 4, 5, 6, 7]]), '3 or more'),
        (dict(segmentation=[[1, 2, 3, 4, 5, None]]), 'not finite'),
        (dict(segmentation=[[1, 2, 3, 4, 5, 'x']]), '3 or more'),
        (dict(segmentation=[[1, 2, 3, 4, 5, 1e7]]), 'a million pixels'),
        (
            dict(segmentation=dict(size=[5, 4], counts=[20])),
            r'annotation 1: COCO size \(5, 4\) differs',
        ),
        (dict(category_id=1), r'category_id 1 is none of categories \{7:'),
        (dict(category_id=[7]), r'category_id \[7\] is none'),
        (dict(image_id=1), r'annotations\[1\]: image_id 1 is none'),
        (dict(image_id={}), r'image_id \{\} is none'),
    ],
)
def test_wrong_objects_are_named_or_counted(tmp_path, annotation, message):
    good = dict(segmentation=[SQUARE])
    path = write_json(tmp_path / 'a.json', good, good | annotation)
    if 'bbox' in annotation:
        path = write_json(tmp_path / 'a.json', good, annotation)
    with pytest.raises(InputError, match=message) as caught:
        list(coco.read(path))
    assert str(path) in str(caught.value)
    skipped = Skipped(strict=False)
    records = list(coco.read(path, skipped=skipped))
    assert [len(r.annotations) for r in records] == [1, 0]
    assert [str(e) for e in skipped.errors] == [str(caught.value)]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(images=1), 'it has no images'),
        (dict(categories=[dict(id=1)]), r"categories\[0\]: .*'name'"),
        (dict(images=[dict(id=1, height=1)]), r"images\[0\]: .*'file_name'"),
        (dict(images=['x']), r'images\[0\]'),
        (
            dict(categories=[dict(id=1, name='a')] * 2),
            r'categories\[1\]: expected an id of its own',
        ),
        (
            dict(images=[dict(id=1, file_name='a', height=2, width=-1)]),
            r'image 1: expected height and width in pixels, got \(2, -1\)',
        ),
        (
            dict(images=[dict(id=1, file_name='a', height=10**9, width=1)]),
            'expected height and width',
        ),
        (
            dict(images=[dict(id=1, file_name='a', height='2', width=1)]),
            r"got \('2', 1\)",
        ),
    ],
)
def test_wrong_files_are_refused(tmp_path, changes, message):
    path = write_json(tmp_path / 'a.json', **changes)
    with pytest.raises(COCOError, match=message):
        list(coco.read(path))


def test_files_that_are_no_coco(tmp_path):
    path = tmp_path / 'a.json'
    with pytest.raises(FileNotFoundError, match=r'a\.json does not exist'):
        list(coco.read(path))
    path.write_text('{"images": [')
    with pytest.raises(InputError, match=r'a\.json is no JSON .*cut short'):
        list(coco.read(path))
    path.write_text('[' * 100_000)
    with pytest.raises(InputError, match='is no JSON'):
        list(coco.read(path))
    path.write_text('[{"image_id": 1}]')
    with pytest.raises(COCOError, match='a list of results alone'):
        list(coco.read(path))


@pytest.mark.parametrize('polygons', [False, True])
def test_round_trip_and_pycocotools(
    tmp_path, label_images, record_of, masks_of, polygons
):
    pycocotools = pytest.importorskip('pycocotools')
    from pycocotools.coco import COCO

    @given(images=st.lists(label_images, min_size=1, max_size=3))
    @settings(deadline=None, max_examples=40)
    def check(images):
        path = tmp_path / 'out.json'
        records = [
            record_of(labels, img_id=f'{k}') for k, labels in enumerate(images)
        ]
        count = coco.write(records, path, polygons=polygons)
        assert count == len(images)
        again = list(coco.read(path))
        assert [r.shape for r in again] == [i.shape for i in images]
        for one, other in zip(records, again, strict=True):
            assert masks_of(one) == masks_of(other)
        with redirect_stdout(io.StringIO()):
            theirs = COCO(str(path))
        for entry in theirs.anns.values():
            mask = theirs.annToMask(entry)
            assert entry['area'] == mask.sum()
            encoded = pycocotools.mask.encode(np.asfortranarray(mask))
            assert entry['bbox'] == pycocotools.mask.toBbox(encoded).tolist()
            at = int(theirs.imgs[entry['image_id']]['file_name'][:-4])
            values = set(images[at][mask > 0].tolist())
            assert len(values) == 1
            (value,) = values
            assert (images[at] == value).sum() == mask.sum()
            assert isinstance(entry['segmentation'], list) == polygons

    check()


def test_polygons_of_a_file_are_written_as_they_are(tmp_path):
    flat = [1, 1, 3.25, 1.5, 3, 3]
    path = write_json(tmp_path / 'a.json', dict(segmentation=[flat, SQUARE]))
    coco.write(coco.read(path), tmp_path / 'b.json', polygons=True)
    (entry,) = json.loads((tmp_path / 'b.json').read_text())['annotations']
    assert entry['segmentation'] == [flat, SQUARE]


def test_what_is_written(tmp_path):
    runs = Runs.from_mask(MASK, 'C')
    records = [
        Record('a', (3, 3), (), Path('img/a.tif')),
        Record(
            'b',
            (3, 3),
            (
                Annotation('cell', runs, score=0.25),
                Annotation('gland', runs, properties={'iscrowd': 1}),
            ),
        ),
    ]
    path = tmp_path / 'a.json'
    assert coco.write(records, path, classes=['gland', 'cell']) == 2
    data = json.loads(path.read_text())
    assert [i['file_name'] for i in data['images']] == ['img/a.tif', 'b.png']
    assert data['categories'] == [
        dict(id=1, name='gland'),
        dict(id=2, name='cell'),
    ]
    rle = dict(size=[3, 3], counts='1222')
    same = dict(image_id=2, area=6, bbox=[0, 0, 3, 3], segmentation=rle)
    assert data['annotations'] == [
        dict(id=1, category_id=2, iscrowd=0, score=0.25) | same,
        dict(id=2, category_id=1, iscrowd=1) | same,
    ]
    first, second = coco.read(path)
    assert first.img_path == Path('img/a.tif')
    assert second.annotations[0].score == 0.25


def test_what_cannot_be_written(tmp_path):
    nothing = Runs.from_mask(MASK * 0, 'F')
    known = Annotation('x', Runs.from_mask(MASK, 'F'))
    records = [
        Record('a', None, ()),
        Record('b', (3, 3), (Annotation('x', nothing), known)),
        Record('c', (3, 3), (known,), Path('b.png')),
    ]
    path = tmp_path / 'a.json'
    with pytest.raises(InputError, match='a: its file does not say how'):
        coco.write(records, path)
    assert not list(tmp_path.iterdir())
    with pytest.warns(EmptyObjectWarning, match='b: 1 objects without a pix'):
        assert coco.write(records[1:2], path) == 1
    assert [len(r.annotations) for r in coco.read(path)] == [1]
    with (
        pytest.warns(EmptyObjectWarning),
        pytest.raises(InputError, match=r"c: another .* 'b\.png' too"),
    ):
        coco.write(records[1:], path)
    with pytest.raises(InputError, match=r"c: label 'x' is none of"):
        coco.write(records[2:], path, classes=['y'])
    skipped = Skipped(strict=False)
    assert coco.write([*records[2:], *records], path, skipped=skipped) == 1
    assert len(skipped) == 3
    assert [r.img_id for r in coco.read(path)] == ['b']


def test_names_of_files_begin_at_the_folder_of_the_images(tmp_path):
    record = Record('a', (3, 4), (), tmp_path / 'images' / 'p1' / 'a.png')
    path = tmp_path / 'a.json'
    for folder, name in ((tmp_path / 'images', 'p1/a.png'), (None, 'a.png')):
        coco.write([record], path, img_dir=folder)
        assert next(coco.read(path)).img_path == Path(name)


@pytest.mark.parametrize(
    ('part', 'images', 'nuclei'), [('train', 30, 1262), ('val', 10, 405)]
)
def test_real_nuclei(real_data, part, images, nuclei):
    root = real_data('nuclei_dsb2018_stained')
    records = list(coco.read(root / f'instances_{part}.json'))
    assert len(records) == images
    assert sum(len(r.annotations) for r in records) == nuclei
    for record in records[:3]:
        files = (root / record.img_path).parents[1].glob('masks/*.png')
        masks = {(read_labels(f) > 0).tobytes() for f in files}
        ours = {a.mask((256, 320)).tobytes() for a in record.annotations}
        assert ours == masks


def test_broken_entries_are_listed_and_the_others_read(tmp_path):
    images = [
        dict(id=1, file_name='a.png', height=3, width=3),
        dict(id=1, file_name='b.png', height=3, width=3),
        dict(id=2, file_name='..', height=3, width=3),
        dict(id=3, file_name='c.png', height=True, width=3),
        dict(id=4, file_name='d.png', height=3, width=3),
    ]
    path = tmp_path / 'a.json'
    path.write_text(
        json.dumps(dict(images=images, annotations=[], categories=[{}]))
    )
    skipped = Skipped(strict=False)
    assert [r.img_id for r in coco.read(path, skipped=skipped)] == ['a', 'd']
    assert [
        str(e).split(': ')[0].split(' ', 1)[1] for e in skipped.errors
    ] == [
        'categories[0]',
        'images[1]',
        'images[2]',
        'image 3',
    ]


def test_errors_of_polygons_name_the_image(tmp_path):
    far = Annotation('x', None, ((np.array([[9.0, 9], [99, 9], [9, 99]]),),))
    with pytest.raises(InputError, match=r'a: x polygon 1: points .* far out'):
        coco.write([Record('a', (3, 3), (far,))], tmp_path / 'a.json')
