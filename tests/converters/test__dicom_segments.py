import numpy as np
import pytest

from mmseg_medical.converters import dicom_seg
from mmseg_medical.converters._dicom_segments import MissingFrameWarning
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import ImageError

pydicom = pytest.importorskip('pydicom')
highdicom = pytest.importorskip('highdicom')
LOW = np.zeros((5, 4), np.uint8)
LOW[2:] = 1


@pytest.mark.parametrize('kind', ['FRACTIONAL', 'LABELMAP'])
def test_other_kinds_of_segmentations(tmp_path, kind, dicom_series):
    (uid,) = dicom_series(tmp_path / 'ct', count=1)
    image = pydicom.dcmread(tmp_path / 'ct' / '0.dcm')
    share = np.zeros((1, 5, 4), np.float32)
    share[0, 1] = [0.2, 0.5, 0.6, 1]
    pixels = share if kind == 'FRACTIONAL' else np.uint8(share > 0.4)
    highdicom.seg.Segmentation(
        [image],
        pixels,
        kind,
        [
            highdicom.seg.SegmentDescription(
                *(1, 'x'),
                highdicom.sr.CodedConcept(*dicom_seg.TISSUE),
                highdicom.sr.CodedConcept(*dicom_seg.TISSUE),
                'MANUAL',
            )
        ],
        series_instance_uid=highdicom.UID(),
        series_number=1,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer='x',
        manufacturer_model_name='x',
        software_versions='1',
        device_serial_number='1',
        max_fractional_value=200,
    ).save_as(tmp_path / 'seg.dcm')
    (record,) = dicom_seg.read(tmp_path / 'seg.dcm')
    assert record.img_id == uid
    (annotation,) = record.annotations
    assert annotation.mask((5, 4))[1].tolist() == [0, 1, 1, 1]
    if kind == 'FRACTIONAL':
        (record,) = dicom_seg.read(tmp_path / 'seg.dcm', mask_thr=0.6)
        mask = record.annotations[0].mask((5, 4))
        assert mask[1].tolist() == [0, 0, 1, 1]


@pytest.fixture
def segmentation(tmp_path, dicom_series):
    (uid,) = dicom_series(tmp_path / 'ct', count=1)
    record = Record(uid, (5, 4), (Annotation('x', Runs.from_mask(LOW, 'F')),))
    path = tmp_path / 'seg.dcm'
    dicom_seg.write([record], path, source=tmp_path / 'ct', classes=['x'])

    def change(**changes):
        data = pydicom.dcmread(path)
        for key, value in changes.items():
            if value is None:
                delattr(data, key)
            else:
                setattr(data, key, value)
        data.save_as(path)
        return path

    return change


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(PixelData=b'\0\0'), 'its pixels need 3 bytes, it has 2'),
        (dict(Rows=30_000), r'its pixels need \d+ bytes'),
        (dict(NumberOfFrames=2, PixelData=bytes(6)), 'holds 2 frames and des'),
        (dict(SegmentSequence=None), 'SegmentSequence'),
        (dict(PixelData=None), 'it has no pixel data; was it cut'),
        (dict(TotalPixelMatrixRows=9), 'slide in tiles, which is not read'),
        (dict(SegmentationType='X'), 'no segmentation, its modality is SEG'),
    ],
)
def test_broken_segmentations_are_named(segmentation, changes, message):
    path = segmentation(**changes)
    with pytest.raises(ImageError, match=rf'seg\.dcm .*{message}'):
        list(dicom_seg.read(path))


def test_files_that_are_no_dicom(tmp_path, segmentation):
    path = segmentation()
    other = tmp_path / 'segs' / 'x.dcm'
    other.parent.mkdir()
    other.write_bytes(path.read_bytes()[:400])
    with pytest.raises(ImageError, match=r'x\.dcm '):
        list(dicom_seg.read(other))
    other.write_text('no DICOM')
    with pytest.raises(ImageError, match=r'x\.dcm cannot be read as DICOM'):
        list(dicom_seg.read(other))
    path.rename(other.parent / 'y.dcm')
    skipped = Skipped(strict=False)
    assert len(list(dicom_seg.read(other.parent, skipped=skipped))) == 1
    assert len(skipped) == 1
    with pytest.raises(FileNotFoundError):
        list(dicom_seg.read(tmp_path / 'none.dcm'))


def test_segments_that_are_compressed(tmp_path, dicom_series, segmentation):
    path = segmentation()
    (plain,) = dicom_seg.read(path)
    data = pydicom.dcmread(path)
    pixels = data.pixel_array
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit = 7
    data.PixelData = pixels.tobytes()
    data.compress(pydicom.uid.RLELossless)
    data.save_as(path)
    (packed,) = dicom_seg.read(path)
    mask = packed.annotations[0].mask((5, 4))
    np.testing.assert_array_equal(mask, LOW)
    np.testing.assert_array_equal(mask, plain.annotations[0].mask((5, 4)))


def test_frames_of_no_image_are_known_by_their_place(segmentation):
    path = segmentation()
    data = pydicom.dcmread(path)
    del data.ReferencedSeriesSequence
    for holder in (
        *data.PerFrameFunctionalGroupsSequence,
        *data.SharedFunctionalGroupsSequence,
    ):
        if 'DerivationImageSequence' in holder:
            del holder.DerivationImageSequence
    data.save_as(path)
    (record,) = dicom_seg.read(path)
    assert record.img_id == 'frame_0_0_0'
    assert record.annotations[0].runs.area == 12


def test_real_overlapping_segments(real_data):
    path = real_data('dicom_misc') / 'seg_image_ct_binary_overlap.dcm'
    records = list(dicom_seg.read(path))
    assert [r.img_id[-2:] for r in records] == ['93', '94', '95', '96']
    for record in records:
        first, second = record.annotations
        assert (first.label, second.label) == (
            *('first segment', 'second segment'),
        )
        masks = first.mask((16, 16)), second.mask((16, 16))
        assert [int(m.sum()) for m in masks] == [16, 4]
        assert (masks[0] & masks[1]).any()
        assert second.properties['type'] == ('421060004', 'SCT', 'Spine')
        assert record.properties['spacing'] == (0.488281, 0.488281)


def test_a_real_file_that_describes_more_frames_than_it_holds(real_data):
    path = real_data('dicom_misc') / 'liver_1frame.dcm'
    with pytest.warns(MissingFrameWarning, match='describes 3 .* holds 1'):
        records = list(dicom_seg.read(path))
    assert [len(r.annotations) for r in records] == [1, 0, 0]
    (liver,) = records[0].annotations
    assert (liver.label, liver.runs.area) == ('Liver', 36233)
    pixels = pydicom.dcmread(path).pixel_array
    np.testing.assert_array_equal(liver.mask((512, 512)), pixels)


def test_real_images_are_no_segmentations(real_data):
    path = real_data('dicom_misc') / 'CT_small.dcm'
    with pytest.raises(
        ImageError, match='no segmentation, its modality is CT'
    ):
        list(dicom_seg.read(path))
