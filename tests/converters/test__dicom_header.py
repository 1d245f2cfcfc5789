import numpy as np
import pytest

from mmseg_medical.converters import _dicom_header
from mmseg_medical.converters._dicom_header import FrameHeader
from mmseg_medical.converters.dicom import DICOMImage
from mmseg_medical.converters.tiff import ImageError

pydicom = pytest.importorskip('pydicom')


def item(**elements):
    ds = pydicom.Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def groups(name, **elements):
    return item(**{name: [item(**elements)]})


def test_elements_of_a_frame_come_before_those_of_all():
    header = item(
        SharedFunctionalGroupsSequence=[
            groups('PixelMeasuresSequence', PixelSpacing=[0.5, 0.7])
        ],
        PerFrameFunctionalGroupsSequence=[
            groups('PlanePositionSequence', ImagePositionPatient=[0, 0, z])
            for z in (3, 6)
        ],
        Modality='CT',
    )
    second = FrameHeader(header, 1)
    assert second.spacing == (0.5, 0.7)
    assert second.numbers('ImagePositionPatient', 3).tolist() == [0, 0, 6]
    assert second.get('Modality') == 'CT'
    assert second.get('WindowCenter') is None
    assert FrameHeader(header, 2).get('ImagePositionPatient') is None


@pytest.mark.parametrize(
    ('elements', 'spacing'),
    [
        (dict(), None),
        (dict(ImagerPixelSpacing=[0.1, 0.2]), (0.1, 0.2)),
        (dict(ImagerPixelSpacing=[1, 2], PixelSpacing=[3, 4]), (3, 4)),
        (dict(NominalScannedPixelSpacing=[5, 6]), (5, 6)),
        (dict(PixelSpacing=[0, 0]), None),
    ],
)
def test_spacing(elements, spacing):
    assert FrameHeader(item(**elements), 0).spacing == spacing


def test_numbers_that_cannot_be():
    header = FrameHeader(item(ImagePositionPatient=[0, 1]), 0)
    with pytest.raises(ValueError, match=r'its ImagePositionPatient is \[0'):
        header.numbers('ImagePositionPatient', 3)


def test_what_inflates_too_far_is_refused(dicom, monkeypatch):
    path = dicom(np.zeros((512, 512), np.uint8), syntax=_dicom_header.DEFLATED)
    assert DICOMImage(path).read().shape == (512, 512)
    monkeypatch.setattr(_dicom_header, '_MOST_INFLATED', 200_000)
    with pytest.raises(ImageError, match='inflates to over 200000 bytes'):
        DICOMImage(path)
    monkeypatch.undo()
    data = path.read_bytes()
    assert len(data) < 1500  # 262,144 zeros
    path.write_bytes(data[:-60])
    with pytest.raises(ImageError, match='deflated data are cut short'):
        DICOMImage(path)
