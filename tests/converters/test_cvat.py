import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters import cvat
from mmseg_medical.converters._sources import EmptyObjectWarning
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

SHAPE = (30, 40)
SQUARE = '2,2;20,2;20,20;2,20'
masks = hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 1))


def document(*images):
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1'
        '</version><meta><task><labels><label><name>gland</name></label>'
        f'</labels></task></meta>{"".join(images)}</annotations>'
    )


def image(*shapes, name='p1/a.jpg', size='width="40" height="30"'):
    return f'<image id="0" name="{name}" {size}>{"".join(shapes)}</image>'


def polygon(points=SQUARE, more=''):
    return f'<polygon label="gland" points="{points}" {more}></polygon>'


@pytest.fixture
def records(tmp_path):
    """Records of a document."""

    def read(*images, **options):
        path = tmp_path / 'annotations.xml'
        path.write_text(document(*images))
        return list(cvat.read(path, **options))

    return read


def test_images_and_their_polygons(records, tmp_path):
    one, other = records(image(polygon()), image(name='b.png'))
    assert (one.img_id, one.shape) == ('p1/a', SHAPE)
    assert one.properties == {'img_name': 'p1/a.jpg'}
    assert one.annotations[0].painter == 'corners'
    assert one.annotations[0].mask(SHAPE).sum() == 18 * 18
    assert (other.img_id, other.annotations) == ('b', ())
    (tmp_path / 'p1').mkdir()
    (tmp_path / 'p1' / 'a.jpg').write_bytes(b'')
    assert len(list(cvat.read(tmp_path))) == 2
    one, other = records(
        image(polygon()), image(name='b.png'), img_dir=tmp_path
    )
    assert one.img_path == tmp_path / 'p1' / 'a.jpg'
    assert other.img_path is None


def test_attributes_groups_and_order(records):
    attributed = (
        '<polygon label="below" points="2,2;9,2;9,9" z_order="-1" '
        'occluded="1" source="manual" group_id="4">'
        '<attribute name="grade">3</attribute>'
        '<attribute name="note"></attribute></polygon>'
    )
    (record,) = records(image(polygon(), polygon(), attributed))
    labels = [annotation.label for annotation in record.annotations]
    assert labels == ['below', 'gland', 'gland']
    assert record.annotations[0].properties == dict(
        source='manual',
        occluded='1',
        z_order='-1',
        group_id=4,
        attributes={'grade': '3', 'note': ''},
    )


def test_shapes_without_area_are_counted(records):
    (record,) = records(
        image(
            '<tag label="blurred" source="manual"></tag>',
            f'<polyline label="a" points="{SQUARE}"/>',
            '<points label="a" points="1,2"/>',
            '<cuboid label="a"/>',
            '<skeleton label="a"><points label="b" points="1,2"/></skeleton>',
            polygon(),
        )
    )
    assert len(record.annotations) == 1
    assert record.properties == dict(
        img_name='p1/a.jpg', tags=['blurred'], without_area=4
    )


def test_what_is_wrong_is_named_and_skipped(records):
    bad, good = image(polygon('1,2;3,4'), name='bad.jpg'), image(polygon())
    with pytest.raises(InputError, match='expected 3') as caught:
        records(bad, good)
    assert "annotations.xml image 'bad.jpg' shape 1" in str(caught.value)
    skipped = Skipped(strict=False)
    (record,) = records(bad, good, skipped=skipped)
    assert record.img_id == 'p1/a'
    assert len(skipped) == 1


def test_an_order_that_is_no_number_is_named(records):
    with pytest.raises(InputError, match=r"shape 1: z_order is 'x', no numb"):
        records(image(polygon(more='z_order="x"')))


def test_files_of_several_jobs(tmp_path):
    for job, name in (('job_1', 'a.jpg'), ('job_2', 'b.jpg')):
        (tmp_path / job).mkdir()
        text = document(image(polygon(), name=name))
        (tmp_path / job / 'annotations.xml').write_text(text)
    assert [r.img_id for r in cvat.read(tmp_path)] == ['a', 'b']


def test_subsets_of_a_project_are_splits(records, tmp_path):
    subset = 'width="40" height="30" subset="Test" task_id="3"'
    first = records(image(name='a.png', size=subset), image(name='b.png'))
    cvat.write(first, tmp_path / 'b.xml')
    for record in (first[0], next(cvat.read(tmp_path / 'b.xml'))):
        assert record.properties == dict(img_name='a.png', split='Test')


def test_videos_are_refused(records):
    track = '<track id="0" label="a"><box frame="0"/></track>'
    with pytest.raises(
        AnnotationError, match=r'annotations\.xml is of a vide'
    ):
        records(track)
    skipped = Skipped(strict=False)
    assert records(track, image(), skipped=skipped) == []
    assert len(skipped) == 1


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (image(size='width="40"'), 'height is None, no number'),
        (image(size='width="40" height="0"'), r'height and width are \(0, 40'),
        (image(name=''), 'every image needs a name'),
        (image(name='../a.jpg'), r"xml image '../a.jpg': .* leads out of"),
        ('<image', 'is no XML'),
    ],
)
def test_wrong_images_are_named(records, tmp_path, text, message):
    with pytest.raises(AnnotationError, match=message):
        records(text, img_dir=tmp_path)


def test_a_file_that_was_cut_short_gives_what_it_has(tmp_path):
    path = tmp_path / 'a.xml'
    text = document(*[image(name=f'{k}.jpg') for k in range(3000)])
    path.write_text(text[:-60])
    skipped = Skipped(strict=False)
    count = len(list(cvat.read(path, skipped=skipped)))
    assert 2000 < count < 3000
    assert 'is no XML' in str(skipped.errors[0])


@given(drawn=st.lists(masks, max_size=4))
@settings(deadline=None, max_examples=30)
def test_pixels_come_back(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp('out') / 'annotations.xml'
    known = tuple(
        Annotation('a', runs=Runs.from_mask(mask, 'F')) for mask in drawn
    )
    record = Record('p1/x', SHAPE, known)
    assert cvat.write([record, Record('y', (3, 4), ())], path) == 2
    back, empty = cvat.read(path)
    assert (back.img_id, back.shape) == ('p1/x', SHAPE)
    assert (empty.img_id, empty.shape) == ('y', (3, 4))
    drawn = [mask for mask in drawn if mask.any()]
    for mask, annotation in zip(drawn, back.annotations, strict=True):
        np.testing.assert_array_equal(annotation.mask(SHAPE), mask)


def test_what_is_written_is_what_was_read(records, tmp_path):
    first = records(
        image(
            polygon('2.25,2;9,2;9,9.125', 'z_order="1" group_id="2"'),
            '<tag label="good &amp; sharp" source="manual"/>',
            '<polygon label="a &lt; &quot;b&quot;" points="1,1;2,2;1,2" '
            'occluded="1"><attribute name="n &amp;">&lt;x</attribute>'
            '</polygon>',
        )
    )
    assert cvat.write(first, tmp_path / 'b.xml') == 1
    (back,) = cvat.read(tmp_path / 'b.xml')
    (record,) = first
    assert back.properties == record.properties
    for one, other in zip(record.annotations, back.annotations, strict=True):
        assert one.label == other.label
        assert one.properties.items() <= other.properties.items()
        (area,), (same,) = one.polygons, other.polygons
        np.testing.assert_array_equal(area[0], same[0])


def test_names_begin_at_the_folder_of_the_images(tmp_path):
    known = Record('a', (3, 4), (), tmp_path / 'images' / 'p1' / 'a.png')
    path = tmp_path / 'b.xml'
    cvat.write([known], path, img_dir=tmp_path / 'images')
    assert next(cvat.read(path)).properties['img_name'] == 'p1/a.png'
    cvat.write([known], path)
    assert next(cvat.read(path)).properties['img_name'] == 'a.png'


def test_an_image_that_cannot_be_written_leaves_nothing(tmp_path):
    path, unknown = tmp_path / 'a.xml', Record('a', None, ())
    with pytest.raises(InputError, match=r'a: .* how large .*--images'):
        cvat.write([unknown], path)
    assert not list(tmp_path.iterdir())
    skipped = Skipped(strict=False)
    records = [unknown, Record('b', (3, 4), ())]
    assert cvat.write(records, path, skipped=skipped) == 1
    assert [record.img_id for record in cvat.read(path)] == ['b']
    assert len(skipped) == 1


def test_objects_without_a_pixel_are_left_out_and_told(tmp_path):
    empty = Runs.from_mask(np.zeros((3, 4), np.uint8), 'F')
    nothing = Annotation('a', runs=empty)
    path = tmp_path / 'a.xml'
    with pytest.warns(EmptyObjectWarning, match='b: 1 objects without'):
        cvat.write([Record('b', (3, 4), (nothing,))], path)
    assert next(cvat.read(path)).annotations == ()
