"""DICOM segmentations: segments of the images of a series.

Source: dicom.nema.org, PS3.3 A.51 and C.8.20.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import new_folder, replacing
from mmseg_medical._optional import optional
from mmseg_medical.converters._dicom_segments import SegmentationFile
from mmseg_medical.converters._dicom_source import SourceImages, by_series
from mmseg_medical.converters._sources import below
from mmseg_medical.converters.image_folder import PathLike, walk
from mmseg_medical.converters.label_map import (
    IGNORE,
    IGNORE_INDEX,
    OverlapError,
    class_map,
    runs_of,
    shape_of,
)
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError
from mmseg_medical.version import __version__

# (value, scheme, meaning) of a concept.
Code = tuple[str, str, str]
TISSUE: Code = ('85756007', 'SCT', 'Tissue')


def read(
    path: PathLike,
    *,
    mask_thr: float = 0.5,
    skipped: Skipped | None = None,
) -> Iterator[Record]:
    """Read one segmentation, or all of a folder.

    Binary, fractional, and label map segmentations in every encoding that
    pydicom decodes; segments may overlap.

    Args:
        path: DICOM file, or folder.
        mask_thr: Share of the largest value from which on a pixel of a
            fractional segmentation belongs to the segment.
        skipped: Where errors go; strict by default.

    Yields:
        A record for each image that the segmentation is of, also where it
        has no segment; ids are SOP instance UIDs, with ``_<frame>`` of images
        of several frames. Labels are the names of the segments; ``category``
        and ``type`` of their properties are their codes.

    Raises:
        ImportError: If pydicom is not installed.
        FileNotFoundError: If there is no such file or folder.
        ImageError: If a file is no segmentation, is cut short, cannot be
            decoded or contradicts itself, or is one of a slide in tiles.
    """
    root = Path(path)
    skipped = Skipped() if skipped is None else skipped
    files = list(walk(root)) if root.is_dir() else [root]
    if not files:
        raise InputError(f'{root} holds no files')
    for file in files:
        try:
            yield from SegmentationFile(file).records(mask_thr)
        except InputError as error:
            skipped.add(error)


def write(
    records: Iterable[Record],
    path: PathLike,
    *,
    source: PathLike,
    classes: Sequence[str],
    codes: Mapping[str, tuple[Code, Code]] | None = None,
    algorithm: str | None = None,
    skipped: Skipped | None = None,
) -> int:
    """Write a binary segmentation for each series of images.

    Args:
        records: Images; ids are SOP instance UIDs or names of DICOM files.
        path: File ending in ``.dcm`` for images of one series, else a folder
            to make, for ``<SeriesInstanceUID>.dcm``.
        source: Folder of the DICOM files that the annotations are of; files
            of other kinds are passed over. Images without a record are left
            out of the segmentation.
        classes: Names of the segments, numbered from 1; they may overlap.
        codes: Category and type of segments, each as (value, scheme,
            meaning); by default what records have read, else tissue.
        algorithm: Name of what has predicted them; None says they were drawn
            by hand.
        skipped: Where errors go; strict by default.

    Returns:
        Number of images written.

    Raises:
        ImportError: If pydicom or highdicom is not installed.
        InputError: If no record is of the images, images are of several
            series and ``path`` is a file, a size differs, or a label is none
            of the classes.
        ImageError: If a source image cannot be read.
    """
    skipped = Skipped() if skipped is None else skipped
    series = by_series(records, SourceImages(Path(source)), classes, skipped)
    if not series:
        raise InputError(f'none of the images is of {source}')
    written = 0
    if Path(path).suffix.lower() == '.dcm':
        if len(series) > 1:
            raise InputError(
                f'the images are of {len(series)} series, and a segmentation '
                'is of one; name a folder instead of a file'
            )
        ((uid, pairs),) = series.items()
        with replacing(path) as temporary:
            _segment(uid, pairs, classes, codes, algorithm).save_as(temporary)
        return len(pairs)
    with new_folder(path) as folder:
        for uid, pairs in series.items():
            try:
                made = _segment(uid, pairs, classes, codes, algorithm)
                made.save_as(below(folder, uid, suffix='.dcm'))
            except InputError as error:
                skipped.add(error)
            else:
                written += len(pairs)
    return written


def _segment(
    uid: str,
    pairs: Sequence[tuple[Any, Record]],
    classes: Sequence[str],
    codes: Mapping[str, tuple[Code, Code]] | None,
    algorithm: str | None,
) -> Any:
    """Segmentation of the images of one series."""
    sizes = {record.shape for _, record in pairs}
    if len(sizes) > 1:
        raise InputError(
            f'series {uid}: its images have several sizes '
            f'{sorted(map(str, sizes))} (height, width)'
        )
    highdicom = optional('highdicom', extra='dicom')
    pixels = _pixels([record for _, record in pairs], classes)
    try:
        descriptions = _descriptions(pairs, classes, codes or {}, algorithm)
        with warnings.catch_warnings():  # of names of patients of one word
            warnings.filterwarnings('ignore', 'The string .* person name')
            return highdicom.seg.Segmentation(
                source_images=[image for image, _ in pairs],
                pixel_array=pixels,
                omit_empty_frames=bool(pixels.any()),  # one there must be
                segmentation_type='BINARY',
                segment_descriptions=descriptions,
                series_instance_uid=highdicom.UID(),
                series_number=1,
                sop_instance_uid=highdicom.UID(),
                instance_number=1,
                manufacturer='mmseg_medical',
                manufacturer_model_name='mmsegmentation-medical',
                software_versions=__version__,
                device_serial_number='0',
            )
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f'series {uid}: highdicom makes no segmentation of its images: '
            f'{error}'
        ) from error


def _descriptions(
    pairs: Sequence[tuple[Any, Record]],
    classes: Sequence[str],
    codes: Mapping[str, tuple[Code, Code]],
    algorithm: str | None,
) -> list[Any]:
    """What segments are, numbered from 1."""
    highdicom = optional('highdicom', extra='dicom')
    concept = highdicom.sr.CodedConcept
    identified = algorithm and highdicom.AlgorithmIdentificationSequence(
        name=algorithm,
        version=__version__,
        family=concept('123110', 'DCM', 'Artificial Intelligence'),
    )
    read = {
        a.label: (
            a.properties.get('category', TISSUE),
            a.properties.get('type', TISSUE),
        )
        for _, record in pairs
        for a in record.annotations
    }
    out = []
    for number, name in enumerate(classes, 1):
        category, kind = codes.get(name) or read.get(name, (TISSUE, TISSUE))
        out.append(
            highdicom.seg.SegmentDescription(
                segment_number=number,
                segment_label=name,
                segmented_property_category=concept(*category),
                segmented_property_type=concept(*kind),
                algorithm_type='AUTOMATIC' if algorithm else 'MANUAL',
                algorithm_identification=identified or None,
            )
        )
    return out


def _pixels(
    records: Sequence[Record], classes: Sequence[str]
) -> NDArray[np.uint8]:
    """Segment numbers (N, H, W), or (N, H, W, S) of 0 and 1 for overlaps."""
    names = list(classes)
    try:
        if IGNORE not in names and len(names) < IGNORE_INDEX:
            planes = [class_map(record, names) for record in records]
            return np.stack(planes)
    except OverlapError:
        pass
    shape = shape_of(records[0])
    out = np.zeros((len(records), *shape, len(names)), np.uint8)
    for plane, record in zip(out, records, strict=True):
        for annotation in record.annotations:
            k = names.index(annotation.label)
            plane[..., k] |= runs_of(record, annotation).to_mask()
    return out
