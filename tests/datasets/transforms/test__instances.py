import cv2
import numpy as np
import pytest

from mmseg_medical.converters import rle
from mmseg_medical.converters.record import Annotation
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms import LoadInstancesRegion
from tests.datasets.transforms.test__mask_objects import square

CLASSES = ('background', 'nucleus')
SIZE = (90, 120)


def by_pixels(label, top, left, side=10, order='F'):
    mask = np.zeros(SIZE, np.uint8)
    mask[top : top + side, left : left + side] = 1
    return Annotation(label, runs=Runs.from_mask(mask, order))


@pytest.fixture
def objects(sample):
    """Four that lie over each other, by outlines and by pixels in turn."""
    del sample['rle']
    sample['annotations'] = (
        by_pixels('nucleus', 10, 10),
        Annotation('nucleus', polygons=(square(15, 10),)),
        by_pixels('nucleus', 12, 22, order='C'),
        by_pixels('other', 40, 40),
        Annotation('artefact', polygons=(square(60, 60),)),
        by_pixels('nucleus', 14, 30),
    )
    labels = {'other': None, 'artefact': 255}
    return dict(sample, classes=CLASSES, labels=labels)


def load(sample, **changes):
    return LoadInstancesRegion()(dict(sample, **changes))['gt_inst_map']


def test_each_object_has_the_id_of_its_place(objects):
    expected = np.zeros(SIZE, np.int32)
    for number, (top, left, side) in {
        1: (10, 10, 10),
        2: (10, 15, 11),  # with its outline
        3: (12, 22, 10),
        -1: (60, 60, 11),
        6: (14, 30, 10),
    }.items():
        expected[top : top + side, left : left + side] = number
    found = load(objects)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)
    for region in (Region(0, 0, 30, 30), Region(15, 21, 50, 45)):
        window = load(objects, region=region)
        np.testing.assert_array_equal(window, expected[region.slices])
    assert not load(objects, region=Region(80, 0, 5, 5)).any()
    turned = load(objects, annotations=objects['annotations'][:3][::-1])
    assert turned[15, 24] == 2  # the outline, then
    assert turned[12, 19] == 3


def test_objects_with_a_file_each(sample, tmp_path):
    del sample['rle']
    expected = np.zeros(SIZE, np.int32)
    paths = []
    for number, left in enumerate((5, 15, 40), 1):
        mask = np.zeros(SIZE, np.uint8)
        mask[20:30, left : left + 10] = 255
        expected[mask > 0] = number
        paths.append(str(tmp_path / f'{number}.png'))
        cv2.imwrite(paths[-1], mask)
    np.testing.assert_array_equal(load(sample, object_paths=paths), expected)
    region = Region(25, 12, 20, 30)
    window = load(sample, object_paths=paths, region=region)
    np.testing.assert_array_equal(window, expected[region.slices])
    cv2.imwrite(paths[0], mask[1:])
    with pytest.raises(ValueError, match=r'1\.png has 89 x 120 pixels'):
        load(sample, object_paths=[paths[0]])


def test_run_lengths_of_each_object(sample):
    expected = np.zeros(SIZE, np.int32)
    texts = []
    for number, left in enumerate((5, 15, 40), 1):
        mask = np.zeros(SIZE, np.uint8)
        mask[20:30, left : left + 10] = 1
        expected[mask > 0] = number
        texts.append(rle.encode(mask, 'dsb2018'))
    for rows in ([texts], [texts[0], texts[1:]]):
        found = load(sample, rle=rows, rle_dialect='dsb2018')
        np.testing.assert_array_equal(found, expected)
    broken = [['1 2 3', *texts]]
    with pytest.raises(ValueError, match=r'train.csv id a'):
        load(sample, rle=broken, rle_dialect='dsb2018')


def test_an_image_of_ids(sample, tmp_path):
    del sample['rle']
    ids = np.zeros(SIZE, np.uint16)
    ids[10:20, 10:20] = 1862
    path = str(tmp_path / 'ids.png')
    cv2.imwrite(path, ids)
    found = load(sample, seg_map_path=path, region=Region(15, 0, 10, 30))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, ids[15:25, :30])


def test_an_annotation_file(sample, tmp_path):
    del sample['rle']
    shapes = [
        dict(label='nucleus', points=ring[0].tolist(), shape_type='polygon')
        for ring in (square(10, 10), square(30, 10))
    ]
    path = tmp_path / 'a.json'
    path.write_text(
        str(
            dict(
                version='5.0.1',
                shapes=shapes,
                imagePath='a.tiff',
                imageHeight=90,
                imageWidth=120,
            )
        ).replace("'", '"')
    )
    found = load(
        sample,
        annotation_path=str(path),
        annotation_format='labelme',
        classes=CLASSES,
    )
    assert found[15, 15] == 1
    assert found[15, 35] == 2
    assert set(np.unique(found)) == {0, 1, 2}


def test_masks_of_another_image(objects):
    small = Annotation('nucleus', Runs.from_mask(np.ones((9, 9), bool), 'F'))
    with pytest.raises(ValueError, match=r'train.csv id a: .* \(9, 9\) for'):
        load(objects, annotations=(small,))
    with pytest.raises(ValueError, match="label 'x' is none of the classes"):
        load(objects, annotations=(by_pixels('x', 1, 1),))
