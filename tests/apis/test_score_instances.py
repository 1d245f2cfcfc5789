import contextlib
import dataclasses
import io
import json

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mmseg_medical.apis.score_instances import Source, score_instances
from mmseg_medical.converters import coco, coco_results
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

SHAPE = (40, 60)


def discs(rng, count, label='nucleus', *, scored):
    """Discs, which may lie over each other."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    found = []
    for _ in range(count):
        y, x, radius = rng.uniform((3, 3, 2), (37, 57, 6))
        mask = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
        score = float(np.round(rng.random(), 1)) if scored else None
        runs = Runs.from_mask(mask, 'F')
        found.append(Annotation(label, runs, score=score))
    return tuple(found)


def shifted(record, rng):
    """Objects that are nearly those of a record, and some more."""
    found = []
    for one in record.annotations:
        mask = np.roll(one.mask(SHAPE), rng.integers(-1, 2, 2), (0, 1))
        runs = Runs.from_mask(mask, 'F')
        found.append(dataclasses.replace(one, runs=runs, score=rng.random()))
    more = discs(rng, 4, scored=True)
    return dataclasses.replace(record, annotations=(*found, *more))


@pytest.fixture
def files(tmp_path):
    """True objects as a COCO file, and results for its images."""
    rng = np.random.default_rng(0)
    true = [
        Record(name, SHAPE, discs(rng, 12 * (name != 'c'), scored=False))
        for name in 'abc'
    ]
    coco.write(true, tmp_path / 'true.json', classes=['nucleus'])
    coco_results.write(
        [shifted(record, rng) for record in true],
        tmp_path / 'answer.zip',
        ids=tmp_path / 'true.json',
    )
    results = coco_results.read(
        tmp_path / 'answer.zip', ids=tmp_path / 'true.json'
    )
    coco_results.write(
        results, tmp_path / 'answer.json', ids=tmp_path / 'true.json'
    )
    return tmp_path


def answer(files, name='answer.zip'):
    options = dict(ids=files / 'true.json')
    return Source(files / name, 'coco_results', options)


@pytest.mark.parametrize('limit', [100, 5])
def test_as_pycocotools(files, limit):
    scores = score_instances(
        Source(files / 'true.json'), answer(files), max_dets=limit
    )
    with contextlib.redirect_stdout(io.StringIO()):
        true = COCO(str(files / 'true.json'))
        found = true.loadRes(str(files / 'answer.json'))
        check = COCOeval(true, found, 'segm')
        check.params.maxDets = [1, 2, limit]
        check.evaluate()
        check.accumulate()
    precision = check.eval['precision'][:, :, 0, 0, 2].mean(1)
    assert scores[f'ap_max{limit}'] == pytest.approx(precision.mean())
    assert scores[f'ap50_max{limit}'] == pytest.approx(precision[0])
    assert 0.05 < precision.mean() < precision[0] < 1


def test_of_itself_and_image_by_image(files):
    true = Source(files / 'true.json')
    seen = []
    scores = score_instances(
        true,
        true,
        csv_file=str(files / 'cases.csv'),
        progress=lambda: seen.append(1),
    )
    assert scores['pq_per_image'] == scores['ap50'] == 1
    assert len(seen) == 3
    lines = (files / 'cases.csv').read_text().splitlines()
    assert [line.partition(',')[0] for line in lines] == ['id', *'abc']


def test_types(files):
    rng = np.random.default_rng(1)
    one = discs(rng, 3, 'a', scored=False)
    record = Record('x', SHAPE, (*one, *discs(rng, 2, 'b', scored=False)))
    coco.write([record], files / 'two.json')
    coco.write(
        [dataclasses.replace(record, annotations=one)], files / 'one.json'
    )
    scores = score_instances(
        Source(files / 'two.json'), Source(files / 'one.json'), types='ab'
    )
    assert (scores['dq_per_image/a'], scores['dq_per_image/b']) == (1, 0)
    with pytest.raises(InputError, match="x has objects of 'b'"):
        score_instances(
            Source(files / 'two.json'), Source(files / 'one.json'), types='a'
        )


def change(path, **keys):
    data = json.loads(path.read_text())
    for key, value in keys.items():
        data[key] = value(data[key])
    path.with_name('other.json').write_text(json.dumps(data))
    return Source(path.with_name('other.json'))


def test_files_that_do_not_fit(files):
    path = files / 'true.json'
    fewer = change(path, images=lambda v: v[:2])
    with pytest.raises(InputError, match=r"other\.json has nothing of .*'c'"):
        score_instances(Source(path), fewer)
    with pytest.raises(InputError, match=r"has 1 images that .*, first 'c'"):
        score_instances(fewer, Source(path))
    crowd = change(path, annotations=lambda v: [v[0] | {'iscrowd': 1}])
    with pytest.raises(InputError, match=r'a has objects that are crowds'):
        score_instances(crowd, Source(path))
    with pytest.raises(InputError, match=r'a: objects of images of several'):
        coco.write(
            [
                Record(n, (9, 9), (Annotation('x', Runs.from_mask(EYE, 'F')),))
                for n in 'abc'
            ],
            files / 'small.json',
        )
        score_instances(Source(path), Source(files / 'small.json'))


EYE = np.eye(9, dtype=np.uint8)
