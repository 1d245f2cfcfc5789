from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mmseg_medical.converters import dicom_seg
from mmseg_medical.converters.dicom_seg import MissingFrameWarning
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import ImageError
from mmseg_medical.errors import InputError

pydicom = pytest.importorskip('pydicom')
highdicom = pytest.importorskip('highdicom')


def series(folder, shape=(5, 4), count=2, **changes):
    """Write the slices of a CT, ``<k>.dcm``; their instance UIDs."""
    folder.mkdir(parents=True, exist_ok=True)
    common = pydicom.uid.generate_uid()
    uids = []
    for k in range(count):
        data = pydicom.Dataset()
        data.file_meta = pydicom.dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        data.SOPClassUID = pydicom.uid.CTImageStorage
        data.SOPInstanceUID = pydicom.uid.generate_uid()
        data.StudyInstanceUID = data.SeriesInstanceUID = common
        data.FrameOfReferenceUID = common
        data.Modality = 'CT'
        data.PatientID, data.PatientName = 'x', 'x^'
        data.PatientBirthDate = data.PatientSex = data.AccessionNumber = ''
        data.StudyDate = data.StudyTime = data.StudyID = ''
        data.ReferringPhysicianName = ''
        data.SeriesNumber = data.InstanceNumber = k + 1
        data.Rows, data.Columns = shape
        data.PixelSpacing = [0.5, 0.75]
        data.SliceThickness = 3
        data.ImagePositionPatient = [0, 0, 3 * k]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.SamplesPerPixel, data.PixelRepresentation = 1, 0
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit = 15
        data.PhotometricInterpretation = 'MONOCHROME2'
        data.PixelData = bytes(2 * shape[0] * shape[1])
        for key, value in changes.items():
            setattr(data, key, value)
        data.save_as(folder / f'{k}.dcm', enforce_file_format=True)
        uids.append(str(data.SOPInstanceUID))
    return uids


def of(label, mask, **properties):
    runs = Runs.from_mask(np.array(mask), 'F')
    return Annotation(label, runs, properties=properties)


LOW = np.zeros((5, 4), np.uint8)
LOW[2:] = 1
HIGH = np.zeros((5, 4), np.uint8)
HIGH[:3, :2] = 1


def test_overlapping_segments_round_trip(tmp_path, masks_of):
    uids = series(tmp_path / 'ct', count=3)
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


def test_round_trip(tmp_path_factory, label_images, record_of, masks_of):
    @given(labels=label_images)
    @settings(deadline=None, max_examples=8)
    def check(labels):
        root = tmp_path_factory.mktemp('seg')
        (uid,) = series(root / 'ct', labels.shape, count=1)
        record = record_of(labels, img_id=uid)
        dicom_seg.write(
            [record], root / 'out', source=root / 'ct', classes='abcd'
        )
        (again,) = dicom_seg.read(root / 'out')
        assert again.shape == labels.shape
        assert masks_of(again, by='classes') == masks_of(record, by='classes')

    check()


def test_a_file_for_each_series(tmp_path):
    one, other = series(tmp_path / 'ct/a', count=1), series(tmp_path / 'ct/b')
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


@pytest.mark.parametrize('kind', ['FRACTIONAL', 'LABELMAP'])
def test_other_kinds_of_segmentations(tmp_path, kind):
    (uid,) = series(tmp_path / 'ct', count=1)
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
def segmentation(tmp_path):
    (uid,) = series(tmp_path / 'ct', count=1)
    record = Record(uid, (5, 4), (of('x', LOW),))
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
        (dict(PixelData=None), 'PixelData'),
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


def test_what_cannot_be_written(tmp_path):
    uids = series(tmp_path / 'ct', count=1)
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
