import cv2
import numpy as np
import pytest

from mmseg_medical.converters import aperio_xml
from mmseg_medical.converters.record import AnnotationError, Skipped
from mmseg_medical.errors import InputError

SHAPE = (30, 40)
SQUARE = [(2, 2), (20, 2), (20, 20), (2, 20)]
INSIDE = [(6, 6), (10, 6), (10, 10), (6, 10)]


def region(points=SQUARE, more='', number=1):
    vertices = ''.join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in points)
    return (
        f'<Region Id="{number}" {more}><Attributes/><Vertices>{vertices}'
        '</Vertices></Region>'
    )


def layer(*regions, name='', attributes=''):
    return (
        f'<Annotation Id="1" Name="{name}" ReadOnly="0"><Attributes>'
        f'{attributes}</Attributes><Regions><RegionAttributeHeaders>'
        '<AttributeHeader Id="9999" Name="Region"/></RegionAttributeHeaders>'
        f'{"".join(regions)}</Regions><Plots/></Annotation>'
    )


@pytest.fixture
def one(tmp_path):
    """The record of a file of layers."""

    def read(*layers, mpp='MicronsPerPixel="0.252100"', **options):
        path = tmp_path / 'TCGA-A.xml'
        path.write_text(f'<Annotations {mpp}>{"".join(layers)}</Annotations>')
        (record,) = aperio_xml.read(path, **options)
        return record

    return read


def test_regions_are_objects(one):
    record = one(layer(region(), region(INSIDE, number=2)))
    assert (record.img_id, record.shape) == ('TCGA-A', None)
    assert record.properties == {'pixel_size': 0.2521}
    assert record.pixel_size == (0.2521, 0.2521)
    areas = [a.mask(SHAPE).sum() for a in record.annotations]
    assert areas == [18 * 18, 4 * 4]
    assert {a.label for a in record.annotations} == {'nucleus'}
    assert one(layer(), mpp='MicronsPerPixel=""').pixel_size is None
    record = one(layer(region()), mpp='', painter='opencv')
    assert record.properties == {}
    assert record.annotations[0].mask(SHAPE).sum() == 19 * 19


@pytest.mark.parametrize(
    ('name', 'attributes', 'label'),
    [
        ('Tumor', '<Attribute Name="x" Value="y"/>', 'Tumor'),
        ('', '<Attribute Name="Epithelial" Id="0" Value=""/>', 'Epithelial'),
        ('', '<Attribute Name="Description" Id="0" Value=""/>', 'cell'),
        ('', '<Attribute Name="Description" Id="0" Value="a"/>', 'a'),
        ('', '', 'cell'),
    ],
)
def test_the_layer_says_the_class(one, name, attributes, label):
    record = one(
        layer(region(), name=name, attributes=attributes), label='cell'
    )
    assert record.annotations[0].label == label


def test_negative_regions_are_holes_in_their_layer(one):
    hole = region(INSIDE, 'NegativeROA="1"')
    record = one(layer(hole, region()), layer(region(INSIDE)))
    cut, other = (a.mask(SHAPE) for a in record.annotations)
    assert cut.sum() == 18 * 18 - 16
    assert not cut[6:10, 6:10].any()
    assert other.sum() == 16
    with pytest.raises(InputError, match=r'layer 2: hole 1 .*none of the 0'):
        one(layer(region()), layer(hole))


def test_regions_without_area_are_counted(one):
    record = one(
        layer(
            *(region([]), region([(1, 2)]), region(SQUARE[:2])),
            region([*SQUARE[:2], SQUARE[0]]),  # closed
            region(),
        )
    )
    assert len(record.annotations) == 1
    assert record.properties['without_area'] == 4


def test_ellipses_lie_between_two_corners(one):
    record = one(layer(region([(30, 4), (10, 20)], 'Type="2"')))
    mask = record.annotations[0].mask(SHAPE)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (4, 19, 10, 29)
    assert abs(mask.sum() / (np.pi * 10 * 8) - 1) < 0.02


def test_the_size_is_that_of_the_image(one, tmp_path):
    image = np.zeros(SHAPE, np.uint8)
    cv2.imencode('.png', image)[1].tofile(tmp_path / 'TCGA-A.png')
    record = one(layer(region()), img_dir=tmp_path)
    assert record.shape == SHAPE
    assert record.img_path == tmp_path / 'TCGA-A.png'
    with pytest.raises(InputError, match=r'TCGA-A\.xml layer 1 .*far outside'):
        one(layer(region([(1, 2), (3, 4), (500, 6)])), img_dir=tmp_path)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (layer(region([(1, 2), (3, 4), ('x', 5)])), "region 1: X is 'x', no"),
        (layer(region([(1, 2), (3, 4), (5, 'nan')])), "Y is 'nan', no number"),
        (layer(region([(1, 2), (3, 4), (5, 2e6)])), 'a million pixels away'),
        (layer(region())[:-9], 'is no XML .*cut short'),
    ],
)
def test_what_is_wrong_is_named_and_skipped(one, tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        one(text)
    assert 'TCGA-A.xml' in str(caught.value)
    (tmp_path / 'b.xml').write_text('<Annotations/>')
    skipped = Skipped(strict=False)
    records = list(aperio_xml.read(tmp_path, skipped=skipped))
    assert [(r.img_id, r.annotations) for r in records] == [('b', ())]
    assert len(skipped) == 1


def test_other_files_are_refused(one, tmp_path):
    with pytest.raises(AnnotationError, match="MicronsPerPixel is 'x', exp"):
        one(layer(), mpp='MicronsPerPixel="x"')
    (tmp_path / 'a.xml').write_text('<annotations/>')
    with pytest.raises(AnnotationError, match='expected <Annotations>, got'):
        list(aperio_xml.read(tmp_path / 'a.xml'))
