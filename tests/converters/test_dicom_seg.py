from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings

from mmseg_medical.converters import dicom_seg
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import InputError

pydicom = pytest.importorskip('pydicom')
highdicom = pytest.importorskip('highdicom')


def of(label, mask, **properties):
    runs = Runs.from_mask(np.array(mask), 'F')
    return Annotation(label, runs, properties=properties)


LOW = np.zeros((5, 4), np.uint8)
LOW[2:] = 1
HIGH = np.zeros((5, 4), np.uint8)
HIGH[:3, :2] = 1


def test_overlapping_segments_round_trip(tmp_path, masks_of, dicom_series):
    uids = dicom_series(tmp_path / 'ct', count=3)
    (tmp_path / 'ct' / 'README.md').write_text('no DICOM')
    codes = ('10200004', 'SCT', 'Liver')
    records = [
        Record(uids[0], (5, 4), (of('low', LOW), of('high', HIGH))),
        Record('1', (5, 4), ()),  # by the name of its file
        Record(uids[2], (5, 4), (of('high', HIGH, type=codes),)),
    ]
    path = tmp_path / 'out.dcm'
    count = dicom_seg.write(
        records, path, source=tmp_path / 'ct', classes=['high', 'low']
    )
    assert count == 3
    again = {r.img_id: r for r in dicom_seg.read(path)}
    assert set(again) == set(uids)
    for k, uid in enumerate(uids):
        found = sorted(masks_of(again[uid]))
        assert found == sorted(masks_of(records[k]))
    high = again[uids[2]].annotations[0]
    assert high.properties['type'] == codes
    assert high.properties['category'] == dicom_seg.TISSUE
    assert again[uids[2]].properties == dict(
        spacing=(0.5, 0.75), position=(0, 0, 6)
    )
    theirs = highdicom.seg.segread(path)
    assert theirs.get_segment_description(1).segment_label == 'high'
    pixels = theirs.get_pixels_by_source_instance([uids[0]])
    np.testing.assert_array_equal(pixels[0, ..., 0], HIGH)
    np.testing.assert_array_equal(pixels[0, ..., 1], LOW)


def test_round_trip(
    tmp_path_factory, label_images, record_of, masks_of, dicom_series
):
    @given(labels=label_images)
    @settings(deadline=None, max_examples=12)
    def check(labels):
        # highdicom 0.28 packs frames of fewer than 8 pixels wrongly.
        assume(labels.size >= 8)
        root = tmp_path_factory.mktemp('seg')
        (uid,) = dicom_series(root / 'ct', labels.shape, count=1)
        record = record_of(labels, img_id=uid)
        dicom_seg.write(
            [record], root / 'out', source=root / 'ct', classes='abcd'
        )
        (again,) = dicom_seg.read(root / 'out')
        assert again.shape == labels.shape
        assert masks_of(again, by='classes') == masks_of(record, by='classes')

    check()


def test_a_file_for_each_series(tmp_path, dicom_series):
    one, other = (
        dicom_series(tmp_path / 'ct/a', count=1),
        dicom_series(tmp_path / 'ct/b'),
    )
    records = [
        Record(uid, (5, 4), (of('x', LOW),)) for uid in (*one, *other[1:])
    ]
    arguments = dict(source=tmp_path / 'ct', classes=['x'], algorithm='net')
    with pytest.raises(InputError, match=r'of 2 series, .* name a folder'):
        dicom_seg.write(records, tmp_path / 'out.dcm', **arguments)
    dicom_seg.write(records, tmp_path / 'out', **arguments)
    files = sorted((tmp_path / 'out').iterdir())
    assert len(files) == 2
    assert {r.img_id for r in dicom_seg.read(tmp_path / 'out')} == {
        *(one[0], other[1]),
    }
    segment = pydicom.dcmread(files[0]).SegmentSequence[0]
    assert segment.SegmentAlgorithmType == 'AUTOMATIC'
    assert segment.SegmentAlgorithmName == 'net'


def test_what_cannot_be_written(tmp_path, dicom_series):
    uids = dicom_series(tmp_path / 'ct', count=1)
    arguments = dict(source=tmp_path / 'ct', classes=['x'])
    path = tmp_path / 'out.dcm'
    for record, message in (
        (Record('9.9', (5, 4), ()), r'9\.9: .*no image of that SOP'),
        (Record(uids[0], (4, 5), ()), r'\(4, 5\) pixels .* has \(5, 4\)'),
        (Record(uids[0], None, ()), 'how large'),
        (Record(uids[0], (5, 4), (of('y', LOW),)), "'y' is none of"),
    ):
        with pytest.raises(InputError, match=message):
            dicom_seg.write([record], path, **arguments)
    skipped = Skipped(strict=False)
    with pytest.raises(InputError, match=r'none of the images is of .*ct'):
        dicom_seg.write([record], path, **arguments, skipped=skipped)
    assert len(skipped) == 1
    with pytest.raises(InputError, match='holds no DICOM images'):
        (tmp_path / 'none').mkdir()
        dicom_seg.write([record], path, source=tmp_path / 'none', classes='x')
    assert not path.exists()


def test_real_chest_x_rays(real_data, tmp_path):
    from mmseg_medical.converters import rle_table

    root = real_data('cxr_siim_sample')
    records = list(
        rle_table.read(root / 'train-rle.csv', layout='siim', label='air')
    )
    out = tmp_path / 'out'
    dicom_seg.write(records, out, source=root / 'dicom', classes=['air'])
    again = {r.img_id: r for r in dicom_seg.read(out)}
    assert len(again) == 5
    for record in records:
        areas = [a.runs.area for a in record.annotations]
        found = [a.runs.area for a in again[record.img_id].annotations]
        assert found == areas
    assert all(Path(p).suffix == '.dcm' for p in out.iterdir())


def test_names_that_several_images_have(tmp_path, dicom_series):
    (one,), (other,) = (
        dicom_series(tmp_path / 'ct' / name, count=1) for name in 'ab'
    )
    arguments = dict(source=tmp_path / 'ct', classes=['x'])
    path = tmp_path / 'out.dcm'
    with pytest.raises(InputError, match=r'0: .*ct has 2 images of that SOP'):
        dicom_seg.write([Record('0', (5, 4), ())], path, **arguments)
    assert not path.exists()
    dicom_seg.write([Record('b/0', (5, 4), ())], path, **arguments)
    assert [r.img_id for r in dicom_seg.read(path)] == [other]
    twice = [Record(name, (5, 4), ()) for name in ('a/0', one)]
    with pytest.raises(InputError, match='another record is of the image'):
        dicom_seg.write(twice, path, **arguments)


def test_series_that_make_no_segmentation(tmp_path, dicom_series):
    good = dicom_series(tmp_path / 'ct/a')
    bad = dicom_series(tmp_path / 'ct/b', ImagePositionPatient=[0, 0, 0])
    records = [Record(uid, (5, 4), (of('x', LOW),)) for uid in (*bad, *good)]
    arguments = dict(source=tmp_path / 'ct', classes=['x'])
    with pytest.raises(InputError, match=r'series .*: highdicom makes no'):
        dicom_seg.write(records, tmp_path / 'out', **arguments)
    skipped = Skipped(strict=False)
    count = dicom_seg.write(
        records, tmp_path / 'out', **arguments, skipped=skipped
    )
    assert (count, len(skipped)) == (2, 1)
    assert {r.img_id for r in dicom_seg.read(tmp_path / 'out')} == {*good}
