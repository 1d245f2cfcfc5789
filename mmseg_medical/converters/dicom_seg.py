"""DICOM segmentations: segments of the images of a series.

Source: dicom.nema.org, PS3.3 A.51 and C.8.20.
"""

import contextlib
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import new_folder, replacing
from mmseg_medical._optional import optional
from mmseg_medical.converters._mask_files import below
from mmseg_medical.converters.image_folder import PathLike, walk
from mmseg_medical.converters.label_map import (
    IGNORE,
    IGNORE_INDEX,
    OverlapError,
    class_map,
    index_of,
    runs_of,
    shape_of,
)
from mmseg_medical.converters.record import Annotation, Record, Skipped
from mmseg_medical.converters.runs import Runs
from mmseg_medical.converters.tiff import ImageError
from mmseg_medical.errors import InputError, ToleratedWarning
from mmseg_medical.version import __version__

# (value, scheme, meaning) of a concept.
Code = tuple[str, str, str]
TISSUE: Code = ('85756007', 'SCT', 'Tissue')


class MissingFrameWarning(ToleratedWarning):
    """Says that a file describes more frames than it holds."""


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
            yield from _Segmentation(file).records(mask_thr)
        except InputError as error:
            skipped.add(error)


@contextlib.contextmanager
def _naming(file: Path, what: str) -> Iterator[None]:
    """Turn what pydicom and its decoders raise into one error."""
    try:
        yield
    except (InputError, FileNotFoundError, ImportError):
        raise
    except Exception as error:  # decoders raise many types
        raise ImageError(
            f'{file} cannot be read as {what} ({error}); copy or download it '
            'again'
        ) from None


class _Segmentation:
    """One file, its header checked."""

    def __init__(self, file: Path) -> None:
        pydicom = optional('pydicom', extra='dicom')
        self.file = file
        with _naming(file, 'DICOM'):
            self.data = data = pydicom.dcmread(file)
        kind = str(data.get('SegmentationType', ''))
        if kind not in ('BINARY', 'FRACTIONAL', 'LABELMAP'):
            raise ImageError(
                f'{file} is no segmentation, its modality is '
                f'{data.get("Modality", "unknown")}'
            )
        if 'TotalPixelMatrixRows' in data:
            raise ImageError(
                f'{file} is a segmentation of a slide in tiles, which is not '
                'read'
            )
        self.kind = kind
        with _naming(file, 'DICOM segmentation'):
            self.shape = int(data.Rows), int(data.Columns)
            self.count = int(data.get('NumberOfFrames') or 1)
            self.segments = {
                int(s.SegmentNumber): s for s in data.SegmentSequence
            }
            self.groups = list(data.PerFrameFunctionalGroupsSequence)
            self._check_length()
        if len(self.groups) < self.count:
            raise ImageError(
                f'{file} holds {self.count} frames and describes '
                f'{len(self.groups)}'
            )
        if len(self.groups) > self.count:
            warnings.warn(
                f'{file} describes {len(self.groups)} frames and holds '
                f'{self.count}, which are taken for the first ones',
                MissingFrameWarning,
                stacklevel=2,
            )

    def _check_length(self) -> None:
        self.packed = self.data.file_meta.TransferSyntaxUID.is_encapsulated
        if self.packed:
            return
        bits = int(self.data.BitsAllocated) * math.prod(self.shape)
        needed = math.ceil(bits * self.count / 8)
        if len(self.data.PixelData) < needed:
            raise ValueError(
                f'its pixels need {needed} bytes, it has '
                f'{len(self.data.PixelData)}'
            )

    def records(self, mask_thr: float) -> Iterator[Record]:
        found: dict[str, list[Annotation]] = {}
        where: dict[str, dict[str, Any]] = {}
        for series in self.data.get('ReferencedSeriesSequence', ()):
            for image in series.get('ReferencedInstanceSequence', ()):
                found[str(image.ReferencedSOPInstanceUID)] = []
        with _naming(self.file, 'DICOM segmentation'):
            for k, frame in enumerate(self._frames()):
                source, place = self._source(self.groups[k], k)
                for annotation in self._annotations(frame, k, mask_thr):
                    found.setdefault(source, []).append(annotation)
                found.setdefault(source, [])
                where[source] = place
        several = {name.split('_')[0] for name in found if '_' in name}
        for name, annotations in found.items():
            if name in several:  # its frames stand for it
                continue
            yield Record(
                name,
                self.shape,
                tuple(annotations),
                properties=where.get(name, {}),
            )

    def _frames(self) -> Iterator[NDArray[Any]]:
        if self.data.BitsAllocated == 1 and not self.packed:
            yield from self._unpacked()
            return
        pixels = optional('pydicom.pixels', extra='dicom')
        for k, frame in enumerate(pixels.iter_pixels(self.data)):
            if k == self.count or frame.shape != self.shape:
                raise ValueError(f'frame {k + 1} has {frame.shape} pixels')
            yield frame

    def _unpacked(self) -> Iterator[NDArray[Any]]:
        """Frames of single bits, which go on within a byte."""
        data = np.frombuffer(self.data.PixelData, np.uint8)
        size = math.prod(self.shape)
        for k in range(self.count):
            first, last = k * size, (k + 1) * size
            bits = np.unpackbits(
                data[first // 8 : -(-last // 8)], bitorder='little'
            )
            begin = first % 8
            yield bits[begin : begin + size].reshape(self.shape)

    def _group(self, group: Any, name: str) -> Any:
        """Functional group of a frame, its own or that of all; or None."""
        shared = self.data.get('SharedFunctionalGroupsSequence') or [{}]
        for holder in (group, shared[0]):
            if holder and holder.get(name):
                return holder[name][0]
        return None

    def _source(self, group: Any, k: int) -> tuple[str, dict[str, Any]]:
        """Id of the image that a frame is of, and where it lies."""
        place: dict[str, Any] = {}
        measures = self._group(group, 'PixelMeasuresSequence')
        if measures is not None and 'PixelSpacing' in measures:
            place['spacing'] = tuple(map(float, measures.PixelSpacing))
        plane = self._group(group, 'PlanePositionSequence')
        if plane is not None and 'ImagePositionPatient' in plane:
            place['position'] = tuple(map(float, plane.ImagePositionPatient))
        derived = self._group(group, 'DerivationImageSequence')
        sources = derived.get('SourceImageSequence') if derived else None
        if not sources:
            at = place.get('position', (k + 1,))
            return f'frame_{"_".join(f"{v:g}" for v in at)}', place
        name = str(sources[0].ReferencedSOPInstanceUID)
        number = sources[0].get('ReferencedFrameNumber')
        if isinstance(number, int):
            name = f'{name}_{number}'
        return name, place

    def _annotations(
        self, frame: NDArray[Any], k: int, mask_thr: float
    ) -> Iterator[Annotation]:
        if self.kind == 'LABELMAP':
            numbers = [int(n) for n in np.unique(frame) if n]
            masks = [frame == n for n in numbers]
        else:
            group = self._group(
                self.groups[k], 'SegmentIdentificationSequence'
            )
            numbers = [int(group.ReferencedSegmentNumber)]
            if self.kind == 'FRACTIONAL':
                largest = int(self.data.MaximumFractionalValue)
                masks = [frame >= max(mask_thr * largest, 1)]
            else:
                masks = [frame != 0]
        for number, mask in zip(numbers, masks, strict=True):
            if number not in self.segments:
                raise ValueError(f'frame {k + 1} is of no segment, {number}')
            if not mask.any():
                continue
            segment = self.segments[number]
            properties: dict[str, Any] = dict(segment_number=number)
            for key in ('Category', 'Type'):
                codes = segment.get(f'SegmentedProperty{key}CodeSequence')
                if codes:
                    properties[key.lower()] = (
                        str(codes[0].get('CodeValue', '')),
                        str(codes[0].get('CodingSchemeDesignator', '')),
                        str(codes[0].get('CodeMeaning', '')),
                    )
            label = str(segment.get('SegmentLabel') or f'segment {number}')
            yield Annotation(
                label, Runs.from_mask(mask, 'F'), properties=properties
            )


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
    images = _Source(Path(source))
    chosen: dict[str, list[tuple[Any, Record]]] = {}
    for record in records:
        try:
            image = images.of(record)
            for annotation in record.annotations:
                index_of(record, annotation.label, classes)
        except InputError as error:
            skipped.add(error)
            continue
        series = str(image.SeriesInstanceUID)
        chosen.setdefault(series, []).append((image, record))
    if not chosen:
        raise InputError(f'none of the images is of {source}')
    if Path(path).suffix.lower() == '.dcm':
        if len(chosen) > 1:
            raise InputError(
                f'the images are of {len(chosen)} series, and a segmentation '
                'is of one; name a folder instead of a file'
            )
        ((_, pairs),) = chosen.items()
        with replacing(path) as temporary:
            _segment(pairs, classes, codes, algorithm).save_as(temporary)
    else:
        with new_folder(path) as folder:
            for series, pairs in chosen.items():
                segmentation = _segment(pairs, classes, codes, algorithm)
                segmentation.save_as(below(folder, series, '.dcm'))
    return sum(map(len, chosen.values()))


class _Source:
    """Headers of the DICOM images below a folder."""

    def __init__(self, folder: Path) -> None:
        pydicom = optional('pydicom', extra='dicom')
        self.folder = folder
        self.images: dict[str, Any] = {}
        for file in walk(folder) if folder.is_dir() else [folder]:
            with file.open('rb') as opened:
                if opened.read(132)[128:] != b'DICM':
                    continue
            with _naming(file, 'DICOM'):
                image = pydicom.dcmread(file, stop_before_pixels=True)
                if 'SegmentationType' in image or 'Rows' not in image:
                    continue
                self.images[str(image.SOPInstanceUID)] = image
                self.images.setdefault(file.stem, image)
        if not self.images:
            raise InputError(f'{folder} holds no DICOM images')

    def of(self, record: Record) -> Any:
        name = os.path.basename(record.img_id)
        image = self.images.get(record.img_id, self.images.get(name))
        if image is None:
            raise InputError(
                f'{record.img_id}: {self.folder} has no image of that SOP '
                'instance UID or file name'
            )
        size = int(image.Rows), int(image.Columns)
        if shape_of(record) != size:
            raise InputError(
                f'{record.img_id}: annotations of {record.shape} pixels '
                f'(height, width), its image has {size}'
            )
        if int(image.get('NumberOfFrames') or 1) > 1:
            raise InputError(
                f'{record.img_id}: images of several frames are not written'
            )
        return image


def _segment(
    pairs: Sequence[tuple[Any, Record]],
    classes: Sequence[str],
    codes: Mapping[str, tuple[Code, Code]] | None,
    algorithm: str | None,
) -> Any:
    """Segmentation of the images of one series."""
    highdicom = optional('highdicom', extra='dicom')
    found = {
        a.label: a.properties
        for _, record in pairs
        for a in record.annotations
    }
    descriptions = []
    for number, name in enumerate(classes, 1):
        known = found.get(name, {})
        category, kind = (codes or {}).get(
            name, (known.get('category', TISSUE), known.get('type', TISSUE))
        )
        identified = None
        if algorithm:
            identified = highdicom.AlgorithmIdentificationSequence(
                name=algorithm,
                version=__version__,
                family=highdicom.sr.CodedConcept(
                    '123110', 'DCM', 'Artificial Intelligence'
                ),
            )
        descriptions.append(
            highdicom.seg.SegmentDescription(
                segment_number=number,
                segment_label=name,
                segmented_property_category=highdicom.sr.CodedConcept(
                    *category
                ),
                segmented_property_type=highdicom.sr.CodedConcept(*kind),
                algorithm_type='AUTOMATIC' if algorithm else 'MANUAL',
                algorithm_identification=identified,
            )
        )
    pixels = _pixels([record for _, record in pairs], classes)
    with warnings.catch_warnings():  # of names of patients that are one word
        warnings.filterwarnings('ignore', 'The string .* person name')
        return highdicom.seg.Segmentation(
            source_images=[image for image, _ in pairs],
            pixel_array=pixels,
            omit_empty_frames=bool(pixels.any()),  # one frame there must be
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
            plane[..., k] |= runs_of(annotation, shape).to_mask()
    return out
