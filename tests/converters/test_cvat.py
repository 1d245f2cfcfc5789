import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters import cvat
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


def painted(records, *shapes):
    (record,) = records(image(*shapes))
    return [annotation.mask(SHAPE) for annotation in record.annotations]


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


def test_boxes_and_ellipses(records):
    box = '<box label="a" xtl="2" ytl="3" xbr="12" ybr="7" {}/>'
    flat, turned = painted(
        records, box.format(''), box.format('rotation="90.0"')
    )
    assert np.argwhere(flat).min(0).tolist() == [3, 2]
    assert flat.sum() == turned.sum() == 40
    assert np.argwhere(turned).min(0).tolist() == [0, 5]
    (disc,) = painted(
        records, '<ellipse label="a" cx="20" cy="15" rx="9" ry="6"/>'
    )
    y, x = np.mgrid[:30, :40] + 0.5
    inside = ((x - 20) / 9) ** 2 + ((y - 15) / 6) ** 2 < 1
    assert (disc != inside).sum() <= 2
    assert disc.sum() > 160


def test_masks_are_counts_along_the_rows(records):
    (mask,) = painted(
        records,
        '<mask label="a" rle="1, 2, 1, 1" left="5" top="7" width="3" '
        'height="2"/>',
    )
    assert mask[7:9, 5:8].tolist() == [[0, 1, 1], [0, 1, 0]]
    assert mask.sum() == 3


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


def test_videos_are_refused(records):
    track = '<track id="0" label="a"><box frame="0"/></track>'
    with pytest.raises(
        AnnotationError, match=r'annotations\.xml is of a vide'
    ):
        records(track)
    skipped = Skipped(strict=False)
    assert records(track, image(), skipped=skipped) == []
    assert len(skipped) == 1


MASK = '<mask label="a" rle="{}" left="{}" top="7" width="3" height="2"/>'


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        (polygon('1,2;3,4'), "image 'bad.jpg' shape 1: expected three"),
        (polygon('1,2;3,4;x,5'), 'points are x,y;x,y;…, got'),
        (polygon('1,2;3,4;5'), 'points are x,y;x,y;…, got'),
        (polygon(''), 'points are x,y'),
        (polygon('1,2;3,4;nan,5'), 'is not finite'),
        (polygon('1,2;3,4;500,5'), 'far outside of the image of 30 x 40'),
        (polygon(more='z_order="x"'), "z_order is 'x', no number"),
        (polygon(more='group_id="1.5"'), "group_id is '1.5', no whole"),
        ('<box label="a" xtl="1" ytl="2" xbr="3"/>', 'ybr is None, no num'),
        ('<polygon points="1,2;3,4;5,5"/>', 'it has no label'),
        ('<spline label="a"/>', '<spline> is none of the shapes of CVAT'),
        (MASK.format('1, x', 5), "word 2 is 'x'"),
        (MASK.format('1, 9', 5), 'its counts leave the window of 2 x 3'),
        (MASK.format('-1, 3', 5), 'its counts leave the window'),
        (MASK.format('1, 2', 39), 'column 39 leaves one of 30 x 40'),
        ('<ellipse label="a" cx="1" cy="1" rx="1e8" ry="1"/>', 'a million'),
    ],
)
def test_what_is_wrong_is_named_and_skipped(records, shape, message):
    bad, good = image(shape, name='bad.jpg'), image(polygon())
    with pytest.raises(InputError, match=message) as caught:
        records(bad, good)
    assert "annotations.xml image 'bad.jpg' shape 1" in str(caught.value)
    skipped = Skipped(strict=False)
    (record,) = records(bad, good, skipped=skipped)
    assert record.img_id == 'p1/a'
    assert len(skipped) == 1


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (image(size='width="40"'), 'height is None, no number'),
        (image(size='width="40" height="0"'), r'height and width are \(0, 40'),
        (image(name=''), 'every image needs a name'),
        (image(name='../a.jpg'), "'../a.jpg' leads out of"),
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


def test_an_image_of_unknown_size_is_not_written(tmp_path):
    with pytest.raises(AnnotationError, match="size of image 'a' is not kno"):
        cvat.write([Record('a', None, ())], tmp_path / 'a.xml')
    assert not list(tmp_path.iterdir())
