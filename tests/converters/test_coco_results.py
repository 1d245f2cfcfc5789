import dataclasses
import json
import zipfile

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmseg_medical.converters import coco_results
from mmseg_medical.converters.recognise import recognise
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

LABELS = np.array([[0, 1, 2, 2], [3, 1, 0, 2]], np.uint8)
SCORES = (0.25, 0.875, 0.5)


@pytest.fixture
def ids(tmp_path):
    path = tmp_path / 'test_img_ids.json'
    images = [
        dict(file_name=f'{name}.png', height=2, width=4, id=k)
        for k, name in ((1, 'b'), (2, 'a'))
    ]
    path.write_text(json.dumps(images))
    return path


@pytest.fixture
def records(record_of):
    one = record_of(LABELS, ['nucleus'], img_id='test/a')
    scored = [
        dataclasses.replace(annotation, score=score)
        for annotation, score in zip(one.annotations, SCORES, strict=True)
    ]
    return [
        dataclasses.replace(one, annotations=tuple(scored)),
        Record('b', (2, 4), ()),
    ]


@pytest.mark.parametrize('name', ['answer.json', 'answer.zip'])
def test_round_trip(tmp_path, ids, records, masks_of, name):
    path = tmp_path / name
    assert coco_results.write(records, path, ids=ids) == 2
    empty, again = coco_results.read(path, ids=ids)
    assert (empty.img_id, empty.annotations) == ('b', ())
    assert [a.score for a in again.annotations] == [0.875, 0.5, 0.25]
    first = records[0].annotations
    ranked = dataclasses.replace(
        records[0], annotations=(first[1], first[2], first[0])
    )
    assert masks_of(again) == masks_of(ranked)
    coco_results.write(records, tmp_path / f'again_{name}', ids=ids)
    assert (tmp_path / f'again_{name}').read_bytes() == path.read_bytes()


def test_the_file_is_that_of_codalab(tmp_path, ids, records):
    path = tmp_path / 'answer.zip'
    coco_results.write(records, path, ids=ids, max_dets=2)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ['answer.json']
        results = json.loads(archive.read('answer.json'))
    assert [entry['image_id'] for entry in results] == [2, 2]
    best = results[0]
    assert best['category_id'] == 1
    assert best['score'] == 0.875
    assert best['bbox'] == [2, 0, 2, 2]
    assert best['segmentation']['size'] == [2, 4]
    np.testing.assert_array_equal(
        coco_mask.decode(best['segmentation']), LABELS == 2
    )
    (tmp_path / 'answer.json').write_text(json.dumps(results))
    assert recognise(tmp_path / 'answer.json').name == 'coco_results'


def test_no_object_at_all(tmp_path, ids):
    path = tmp_path / 'answer.json'
    nothing = [Record(name, (2, 4), ()) for name in 'ab']
    coco_results.write(nothing, path, ids=ids)
    assert json.loads(path.read_text()) == []


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(img_id='c'), 'c: .*json does not know this image; it has 2, fi'),
        (dict(shape=(4, 2)), r'a: its objects are of an image of \(4, 2\)'),
        (dict(annotations=None), "a: 'nucleus' has no score; results are"),
    ],
)
def test_what_a_submission_cannot_hold(
    tmp_path, ids, records, record_of, change, message
):
    if 'annotations' in change:
        change = dict(annotations=record_of(LABELS, ['nucleus']).annotations)
    wrong = dataclasses.replace(records[0], **change)
    path = tmp_path / 'answer.json'
    with pytest.raises(InputError, match=message):
        coco_results.write([wrong, records[1]], path, ids=ids)
    assert not path.exists()


def test_images_without_a_result_are_told(tmp_path, ids, records):
    path = tmp_path / 'answer.json'
    with pytest.raises(InputError, match=r"1 of the 2 images .* first 'b'"):
        coco_results.write(records[:1], path, ids=ids)
    skipped = Skipped(strict=False)
    assert coco_results.write(
        records[:1], path, ids=ids, skipped=skipped
    ) == len(skipped)


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (dict(image_id=7), 'result 0: image_id 7 is none of .*test_img_ids'),
        (dict(category_id=2), r'result 0: category_id 2 is none of'),
        (dict(segmentation=dict(size=[4, 4], counts='84')), 'result 0'),
    ],
)
def test_results_that_do_not_fit(tmp_path, ids, records, entry, message):
    path = tmp_path / 'answer.json'
    coco_results.write(records, path, ids=ids)
    results = json.loads(path.read_text())
    results[0] |= entry
    path.write_text(json.dumps(results))
    with pytest.raises(InputError, match=message):
        list(coco_results.read(path, ids=ids))
    skipped = Skipped(strict=False)
    _, one = coco_results.read(path, ids=ids, skipped=skipped)
    assert (len(one.annotations), len(skipped)) == (2, 1)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{}', 'expected a list of file_name, height, width, id'),
        ('[{"file_name": "a.png"}]', 'entry 0: expected file_name'),
        (
            '[{"file_name": "a.png", "height": 1, "width": 1, "id": 1}, '
            '{"file_name": "a.tif", "height": 1, "width": 1, "id": 2}]',
            "entry 1: another image has the name 'a'",
        ),
    ],
)
def test_broken_files_of_ids(tmp_path, text, message):
    path = tmp_path / 'ids.json'
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        coco_results.read_ids(path)


def test_zip_files_of_others(tmp_path, ids):
    path = tmp_path / 'answer.zip'
    path.write_bytes(b'PK')
    with pytest.raises(InputError, match=r'a zip file with answer\.json in'):
        list(coco_results.read(path, ids=ids))
