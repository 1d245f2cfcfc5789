import dataclasses

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters import ome_tiff
from mmseg_medical.converters.label_map import (
    OverlapError,
    annotations_of_objects,
)
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.converters.tiff import ImageError, TIFFImage
from mmseg_medical.errors import InputError

LABELS = np.array([[0, 1, 2, 2], [2, 1, 0, 2]], np.uint8)
FILE = 'x.ome.tiff'


@pytest.mark.parametrize(
    ('content', 'by'),
    [('classes', 'classes'), ('channels', 'classes'), ('objects', 'objects')],
)
def test_round_trip(
    tmp_path_factory, label_images, record_of, masks_of, content, by
):
    names = ['a', 'b'] if content != 'classes' else list('abcd')

    @given(labels=label_images, size=st.sampled_from([None, 0.25]))
    @settings(deadline=None, max_examples=25)
    def check(labels, size):
        path = tmp_path_factory.mktemp('ome') / 'out'
        properties = {'pixel_size': size} if size else {}
        record = record_of(labels, names, img_id='x/y', properties=properties)
        ome_tiff.write([record], path, classes=names, content=content)
        (again,) = ome_tiff.read(path)
        assert (again.img_id, again.shape) == ('x/y', labels.shape)
        assert again.properties.get('pixel_size') == (size and (size, size))
        assert masks_of(again, by=by) == masks_of(record, by=by)

    check()


def test_overlapping_classes_need_channels(tmp_path, record_of, masks_of):
    one = record_of(LABELS)
    more = record_of(LABELS[::-1].copy(), 'cd').annotations
    record = Record('x', one.shape, (*one.annotations, *more))
    with pytest.raises(OverlapError, match=r'x: .* one value for each pixel'):
        ome_tiff.write([record], tmp_path / 'out', classes='abcd')
    ome_tiff.write(
        [record], tmp_path / 'out', classes='abcd', content='channels'
    )
    (again,) = ome_tiff.read(tmp_path / 'out' / FILE)
    assert again.img_id == 'x'
    assert masks_of(again, by='classes') == masks_of(record, by='classes')
    with tifffile.TiffFile(tmp_path / 'out' / FILE) as file:
        assert set(np.unique(file.asarray())) == {0, 255}


def test_ignored_pixels_come_back(tmp_path, record_of):
    record = record_of(LABELS, ['a', 'ignore'])
    ome_tiff.write([record], tmp_path / 'out', classes=['a', 'ignore'])
    (again,) = ome_tiff.read(tmp_path / 'out')
    assert [a.label for a in again.annotations] == ['a', 'ignore']


def test_numbers_of_objects_have_16_bits(tmp_path, record_of):
    path = tmp_path / 'out'
    ome_tiff.write([record_of(LABELS)], path, classes='ab', content='objects')
    assert TIFFImage.open(path / FILE).dtype == np.uint16


def test_files_of_others_need_to_be_told(tmp_path):
    path = tmp_path / 'a.ome.tif'
    tifffile.imwrite(path, LABELS, ome=True)
    with pytest.raises(InputError, match='does not say that it holds labels'):
        list(ome_tiff.read(path))
    with pytest.raises(InputError, match='does not name its classes'):
        list(ome_tiff.read(path, content='classes'))
    (record,) = ome_tiff.read(path, content='classes', classes='ab')
    assert (record.img_id, len(record.annotations)) == ('a', 2)
    (record,) = ome_tiff.read(path, content='objects', classes=['cell'])
    assert [a.label for a in record.annotations] == ['cell', 'cell']
    with pytest.raises(InputError, match='holds the value 2'):
        list(ome_tiff.read(path, content='classes', classes='a'))
    with pytest.raises(ImageError, match='has 1 channels, and the classes'):
        list(ome_tiff.read(path, content='channels', classes='ab'))
    with pytest.raises(InputError, match="got 'x'"):
        list(ome_tiff.read(path, content='x'))
    channels = np.stack([LABELS] * 2)
    tifffile.imwrite(
        path,
        channels,
        ome=True,
        photometric='minisblack',
        metadata=dict(axes='CYX', Channel=dict(Name=['p', 'q'])),
    )
    (record,) = ome_tiff.read(path, content='channels')
    assert [a.label for a in record.annotations] == ['p', 'q']
    with pytest.raises(ImageError, match='labels are one channel'):
        list(ome_tiff.read(path, content='objects', classes='a'))


def test_what_is_wrong_is_named(tmp_path, record_of):
    path = tmp_path / 'out'
    record = record_of(LABELS)
    with pytest.raises(InputError, match=r"content is one of .* got 'x'"):
        ome_tiff.write([record], path, classes='ab', content='x')
    with pytest.raises(InputError, match="'b' is none of"):
        ome_tiff.write([record], path, classes='a', content='objects')
    with pytest.raises(InputError, match="'b' is none of"):
        ome_tiff.write([record], path, classes='a', content='channels')
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match=r'has no files \*\.ome\.tiff'):
        list(ome_tiff.read(tmp_path))
    with pytest.raises(FileNotFoundError, match=r'x\.ome\.tiff does not'):
        list(ome_tiff.read(tmp_path / 'x.ome.tiff'))
    (tmp_path / 'x.ome.tiff').write_bytes(b'II*\0')
    ome_tiff.write([record], tmp_path / 'y', classes='ab')
    skipped = Skipped(strict=False)
    (found,) = ome_tiff.read(tmp_path, skipped=skipped)
    assert (found.img_id, len(skipped)) == ('y/x', 1)


def test_probabilities_have_a_channel_for_each_class(tmp_path, record_of):
    probs = np.arange(2 * 20 * 30).reshape(2, 20, 30).astype(np.uint16)
    record = Record(
        'x',
        (20, 30),
        (),
        properties=dict(seg_probs=probs, channels=['a', 'b'], pixel_size=0.5),
    )
    path = tmp_path / 'out'
    assert ome_tiff.write_probabilities([record], path) == 1
    with tifffile.TiffFile(path / FILE) as file:
        np.testing.assert_array_equal(file.asarray(), probs)
        assert 'Name="b"' in file.ome_metadata
        assert 'PhysicalSizeX="0.5"' in file.ome_metadata
    with pytest.raises(InputError, match='x has no probabilities'):
        ome_tiff.write_probabilities([record_of(LABELS)], tmp_path / 'other')


def test_numbers_that_are_no_labels(tmp_path):
    path = tmp_path / 'a.ome.tiff'
    for kind, message in (
        (np.float32, 'whole numbers, this has float32'),
        (np.int16, 'labels are 0 or more, got -1'),
    ):
        planes = np.full((4, 5), -1, kind)
        tifffile.imwrite(path, planes, ome=True, photometric='minisblack')
        with pytest.raises(InputError, match=rf'a\.ome\.tiff: .*{message}'):
            list(ome_tiff.read(path, content='classes', classes=['a']))


def test_scores_of_objects_come_back(tmp_path, record_of):
    record = record_of(LABELS)
    found = tuple(
        dataclasses.replace(annotation, score=score)
        for annotation, score in zip(
            record.annotations, [0.123456789, None], strict=True
        )
    )
    record = dataclasses.replace(record, annotations=found)
    path = tmp_path / 'out'
    ome_tiff.write([record], path, classes='ab', content='objects')
    (again,) = ome_tiff.read(path)
    assert [a.score for a in again.annotations] == [0.123456789, None]


def test_more_than_65535_objects_have_32_bits(tmp_path):
    labels = np.arange(1, 65_541, dtype=np.int32).reshape(4, -1)
    found = annotations_of_objects(labels, ['nucleus'], where='x')
    path = tmp_path / 'out'
    record = Record('x', labels.shape, found)
    ome_tiff.write([record], path, classes=['nucleus'], content='objects')
    image = TIFFImage.open(path / FILE)
    assert image.dtype == np.uint32
    np.testing.assert_array_equal(image.read(raw=True), labels)
