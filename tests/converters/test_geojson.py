import gzip
import json
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters import geojson
from mmseg_medical.converters._sources import EmptyObjectWarning
from mmseg_medical.converters.polygon import PolygonError
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)
from mmseg_medical.converters.runs import Runs

SHAPE = (30, 40)
OUTER = [[2, 2], [20, 2], [20, 20], [2, 20], [2, 2]]
INNER = [[6, 6], [10, 6], [10, 10], [6, 10], [6, 6]]
masks = hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 1))


def feature(coordinates=(OUTER,), kind='Polygon', **properties):
    return dict(
        type='Feature',
        id='7',
        geometry=dict(type=kind, coordinates=list(coordinates)),
        properties=properties,
    )


def nested(kind):
    return dict(type=kind, geometries=[dict(type=kind, geometries=[])])


def put(path, *features):
    collection = dict(type='FeatureCollection', features=features)
    path.write_text(json.dumps(collection))
    return path


@pytest.fixture
def one(tmp_path):
    """The record of a file of features."""

    def read(*features, **options):
        path = put(tmp_path / 'a.geojson', *features)
        (record,) = geojson.read(path, **options)
        return record

    return read


def test_polygons_with_holes_cover_corners_of_pixels(one):
    record = one(feature([OUTER, INNER]))
    assert (record.img_id, record.shape, record.properties) == ('a', None, {})
    (annotation,) = record.annotations
    assert annotation.painter == 'corners'
    assert [len(ring) for ring in annotation.polygons[0]] == [4, 4]
    mask = annotation.mask(SHAPE)
    assert mask.sum() == 18 * 18 - 4 * 4
    assert mask[2:6, 2:20].all()
    assert not mask[6:10, 6:10].any()


def test_a_multipolygon_is_one_object(one):
    far = [[30, 2], [40, 2], [40, 10], [30, 2]]
    record = one(feature([[OUTER, INNER], [far]], 'MultiPolygon'))
    (annotation,) = record.annotations
    assert [len(area) for area in annotation.polygons] == [2, 1]
    inside = dict(type='Polygon', coordinates=[OUTER])
    other = dict(type='Point', coordinates=[1, 2])
    both = dict(
        geometry=dict(type='GeometryCollection', geometries=[inside, other])
    )
    (annotation,) = one(both).annotations
    assert len(annotation.polygons) == 1


@pytest.mark.parametrize(
    ('properties', 'label'),
    [
        (dict(classification=dict(name='Tumor', color=[1, 2, 3])), 'Tumor'),
        (dict(classification=dict(names=['Tumor', 'Pos'])), 'Tumor: Pos'),
        (dict(classification='Tumor'), 'Tumor'),
        (dict(classification=dict(name=None)), 'nucleus'),
        (dict(classification={}), 'nucleus'),
        (dict(classification=None), 'nucleus'),
        ({}, 'nucleus'),
    ],
)
def test_the_classification_is_the_label(one, properties, label):
    (annotation,) = one(feature(**properties), label='nucleus').annotations
    assert annotation.label == label


def test_what_qupath_says_beside_comes_back(one, tmp_path):
    measured = {'Area µm^2': 12.5, 'score': 0.75}
    known = dict(
        objectType='detection',
        name='n',
        classification=dict(name='Tumor', color=[200, 0, 0]),
        measurements=measured,
        isLocked=True,
    )
    record = one(feature(**known))
    (annotation,) = record.annotations
    assert annotation.score == 0.75
    assert annotation.properties == known | {'id': '7'}
    geojson.write([record], tmp_path / 'b.geojson')
    written = json.loads((tmp_path / 'b.geojson').read_text())
    assert written == dict(
        type='FeatureCollection', features=[feature([OUTER], **known)]
    )
    names = dict(names=['Tumor', 'Pos'], color=[200, 0, 0])
    geojson.write([one(feature(classification=names))], tmp_path / 'c.json')
    written = json.loads((tmp_path / 'c.json').read_text())['features'][0]
    assert written['properties']['classification'] == names


def test_another_label_gets_another_classification(tmp_path):
    ring = np.array(OUTER[:-1]) + 0.5
    names = dict(names=['Tumor', 'Pos'], color=[200, 0, 0])
    annotation = Annotation(
        'stroma',
        polygons=((ring,),),
        painter='corners',
        score=0.5,
        properties=dict(classification=names, other=object()),
    )
    path = tmp_path / 'a.geojson'
    geojson.write([Record('a', None, (annotation,))], path, object_type='cell')
    (written,) = json.loads(path.read_text())['features']
    assert written['properties'] == dict(
        objectType='cell',
        classification=dict(name='stroma', color=[200, 0, 0]),
        measurements={'score': 0.5},
    )
    assert written['geometry']['coordinates'][0][0] == [2.5, 2.5]
    assert 'id' not in written


@pytest.mark.parametrize(
    ('feature_id', 'properties'),
    [
        (
            'PathDetectionObject',  # QuPath 0.2
            dict(measurements=[dict(name='score', value=0.75)]),
        ),
        (
            'd2a3',  # 0.3
            dict(object_type='detection', measurements=dict(score=0.75)),
        ),
        ('d2a3', dict(objectType='detection', measurements=dict(score=0.75))),
    ],
)
def test_older_versions_come_as_the_latest(one, feature_id, properties):
    (annotation,) = one(feature(**properties) | {'id': feature_id}).annotations
    assert annotation.score == 0.75
    assert annotation.properties == dict(
        id=feature_id, objectType='detection', measurements=dict(score=0.75)
    )


@pytest.mark.parametrize('value', [True, '0.5', 7, float('nan'), None])
def test_a_measurement_may_be_no_confidence(one, value):
    (annotation,) = one(feature(measurements=dict(score=value))).annotations
    assert annotation.score is None


def test_cells_have_a_membrane_and_a_nucleus(one, tmp_path):
    inner = dict(type='Polygon', coordinates=[INNER])
    cell = feature(objectType='cell') | dict(nucleusGeometry=inner)
    record = one(cell, feature())
    areas = [a.mask(SHAPE).sum() for a in record.annotations]
    assert areas == [18 * 18] * 2
    geojson.write([record], tmp_path / 'b.geojson')
    (again,) = geojson.read(tmp_path / 'b.geojson', nuclei=True)
    areas = [a.mask(SHAPE).sum() for a in again.annotations]
    assert areas == [4 * 4, 18 * 18]


def test_features_without_area_are_counted(one):
    record = one(
        feature([1, 2], 'Point'),
        feature([[1, 2], [3, 4]], 'LineString'),
        feature(),
        dict(type='Feature', geometry=None, properties=None),
    )
    assert len(record.annotations) == 1
    assert record.properties == {'without_area': 3}


def test_lists_lines_and_compressed_files(tmp_path):
    features = [feature(), feature([INNER])]
    (tmp_path / 'a.ome.tif.geojson').write_text(json.dumps(features))
    (tmp_path / 'b.ndjson').write_text('\n'.join(map(json.dumps, features)))
    with gzip.open(tmp_path / 'c.geojson.gz', 'wt') as file:
        json.dump(dict(type='FeatureCollection', features=features), file)
    records = list(geojson.read(tmp_path))
    assert [r.img_id for r in records] == ['a.ome.tif', 'b', 'c']
    for record in records:
        areas = [a.mask(SHAPE).sum() for a in record.annotations]
        assert areas == [18 * 18, 4 * 4]


def test_the_size_is_that_of_the_image(one, tmp_path):
    images = tmp_path / 'images'
    images.mkdir()
    image = np.zeros((30, 40), np.uint8)
    cv2.imencode('.png', image)[1].tofile(images / 'a.png')
    record = one(feature(), img_dir=images)
    assert (record.shape, record.img_path) == (SHAPE, images / 'a.png')
    far = [[1, 2], [300, 2], [300, 4]]
    with pytest.raises(PolygonError, match=r'a.geojson feature 1 .*far outsi'):
        one(feature([far]), img_dir=images)


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        (feature(kind='Circle'), 'feature 2: .*MultiPolygon, got Circle'),
        (dict(geometry=[1]), r'of type Polygon or MultiPolygon, got \[1\]'),
        (dict(geometry={}), 'feature 2: expected a geometry'),
        (feature([7]), 'feature 2: expected 3 or more'),
        (feature([[[1, 2], [3, 4]]]), 'expected 3 or more'),
        (feature([]), r'is a list of rings \[\[\[x, y\], …\], …\], got \[\]'),
        (feature([OUTER], 'MultiPolygon'), 'expected 3 or more'),
        (feature([7], 'MultiPolygon'), 'is a list of rings'),
        (
            dict(geometry=dict(type='Polygon', coordinates='x')),
            'is a list of rings',
        ),
        (
            dict(geometry=dict(type='MultiPolygon', coordinates='x')),
            'a MultiPolygon is a list, got x',
        ),
        (feature([[[1, 2], [3, 4], [float('nan'), 5]]]), 'is not finite'),
        (feature(classification=dict(name=7)), 'classification is a text'),
        (feature(classification=[7]), r'classification is a text, got \[7\]'),
        (dict(feature(), properties=[7]), r'properties are {…}, got \[7\]'),
        (
            feature(kind='GeometryCollection')
            | dict(geometry=nested('GeometryCollection')),
            'MultiPolygon, got GeometryCollection',
        ),
        ([], r'object 2: expected {…}, got \[\]'),
        (dict(type='Feature'), 'feature 2: expected .* is it GeoJSON'),
        (feature([[[1, 2], [3, 4], [1, 2]]]), 'expected 3 or more'),
    ],
)
def test_what_is_wrong_is_named_and_skipped(tmp_path, entry, message):
    path = put(tmp_path / 'bad.geojson', feature(), entry)
    put(tmp_path / 'good.geojson', feature())
    with pytest.raises((AnnotationError, PolygonError), match=message) as got:
        list(geojson.read(tmp_path))
    assert str(path) in str(got.value)
    skipped = Skipped(strict=False)
    records = list(geojson.read(tmp_path, skipped=skipped))
    assert [record.img_id for record in records] == ['good']
    assert len(skipped) == 1


@pytest.mark.parametrize('name', ['x.geojson', 'x.geojson.gz'])
@given(drawn=st.lists(masks, max_size=4))
@settings(deadline=None, max_examples=30)
def test_pixels_come_back(tmp_path_factory, name, drawn):
    path = tmp_path_factory.mktemp('out') / name
    known = tuple(
        Annotation('a', runs=Runs.from_mask(mask, 'F')) for mask in drawn
    )
    assert geojson.write([Record('x', SHAPE, known)], path) == 1
    (back,) = geojson.read(path)
    drawn = [mask for mask in drawn if mask.any()]
    for mask, annotation in zip(drawn, back.annotations, strict=True):
        np.testing.assert_array_equal(annotation.mask(SHAPE), mask)


def test_traced_outlines_are_whole_numbers(tmp_path):
    ring = np.array([[2.0, 2], [5, 2], [5, 4], [2, 4]])
    gland = Annotation('a', polygons=((ring,),), painter='opencv')
    path = tmp_path / 'a.geojson'
    geojson.write([Record('a', SHAPE, (gland,))], path)
    assert '[[[2, 2], [6, 2], [6, 5], [2, 5], [2, 2]]]' in path.read_text()
    with pytest.raises(AnnotationError, match='size of the image must be kn'):
        geojson.write([Record('a', None, (gland,))], tmp_path / 'b.geojson')
    assert not (tmp_path / 'b.geojson').exists()


def test_many_nuclei_are_written_without_the_whole_in_memory(tmp_path):
    ring = np.array(OUTER[:-1]) + 0.25
    nucleus = Annotation('nucleus', polygons=((ring,),), painter='corners')
    record = Record('a', None, (nucleus,) * 3000)
    tracemalloc.start()
    geojson.write([record], tmp_path / 'a.geojson')
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (tmp_path / 'a.geojson').stat().st_size > 6e5
    assert peak < 1e5


@pytest.mark.parametrize(
    'data',
    [
        dict(version='5.5.0', shapes=[], imagePath='a.png'),  # LabelMe
        dict(images=[], annotations=[], categories=[]),  # COCO
        dict(type='FeatureCollection'),
        dict(type='Polygon', coordinates=[OUTER]),
        [dict(type='Polygon', coordinates=[OUTER])],
    ],
)
def test_files_of_other_formats_are_no_images_without_objects(tmp_path, data):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(data))
    with pytest.raises(AnnotationError, match=r'a\.json feature 1: .* GeoJ'):
        list(geojson.read(path))


def test_objects_without_a_pixel_are_left_out_and_told(tmp_path):
    empty = Runs.from_mask(np.zeros(SHAPE, np.uint8), 'F')
    record = Record('a', SHAPE, (Annotation('a', runs=empty),))
    with pytest.warns(EmptyObjectWarning, match='a: 1 objects without a pix'):
        geojson.write([record], tmp_path / 'a.geojson')
    (back,) = geojson.read(tmp_path / 'a.geojson')
    assert back.annotations == ()
