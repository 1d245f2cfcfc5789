"""Masks that formats get wrong, and records of them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs


def _special() -> list[np.ndarray]:
    """Full, empty, one pixel, last pixel, a hole, touching, one column."""
    shape = (7, 9)
    full = np.ones(shape, np.uint8)
    empty, one, last, hole, corners = np.zeros((5, *shape), np.uint8)
    one[3, 4] = 1
    last[-1, -1] = 1
    hole[1:6, 1:8] = 1
    hole[2:5, 2:7] = 0
    hole[3, 4] = 2  # an object within the hole of another
    corners[:3, :3], corners[3:, 3:], corners[:3, 3:] = 1, 2, 3
    column = np.ones((5, 1), np.uint8)
    return [full, empty, one, last, hole, corners, column, column.T.copy()]


@pytest.fixture(scope='session')
def label_images() -> st.SearchStrategy[np.ndarray]:
    """Strategy of (H, W) uint8 label images of up to four objects."""
    random = hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 12), st.integers(1, 12)),
        elements=st.integers(0, 4),
        fill=st.just(0),
    )
    return st.sampled_from(_special()) | random


@pytest.fixture(scope='session')
def record_of() -> Callable[..., Record]:
    """Record of a label image: an annotation for each value, in order."""

    def make(
        labels: np.ndarray,
        names: Sequence[str] = ('a', 'b', 'c', 'd'),
        img_id: str = 'x',
        **more: object,
    ) -> Record:
        found = [int(v) for v in np.unique(labels) if v]
        annotations = [
            Annotation(
                names[(v - 1) % len(names)],
                Runs.from_mask(labels == v, 'F'),
            )
            for v in found
        ]
        return Record(img_id, labels.shape, tuple(annotations), **more)

    return make


@pytest.fixture(scope='session')
def masks_of() -> Callable[..., list[tuple[str, list]]]:
    """Label and pixels of the annotations of a record, to compare."""

    def make(record: Record, *, by: str = 'objects') -> object:
        masks = [(a.label, a.mask(record.shape)) for a in record.annotations]
        if by == 'objects':
            return [(label, mask.tolist()) for label, mask in masks]
        out: dict[str, np.ndarray] = {}
        for label, mask in masks:
            if mask.any():
                out[label] = out.get(label, 0) | mask
        return {label: mask.tolist() for label, mask in out.items()}

    return make


@pytest.fixture(scope='session')
def dicom_series() -> Callable[..., list[str]]:
    """Write the slices of a CT as ``<k>.dcm``; their instance UIDs."""
    pydicom = pytest.importorskip('pydicom')

    def series(folder, shape=(5, 4), count=2, **changes):
        folder.mkdir(parents=True, exist_ok=True)
        common = pydicom.uid.generate_uid()
        uids = []
        for k in range(count):
            data = pydicom.Dataset()
            data.file_meta = pydicom.dataset.FileMetaDataset()
            data.file_meta.TransferSyntaxUID = (
                pydicom.uid.ExplicitVRLittleEndian
            )
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

    return series
