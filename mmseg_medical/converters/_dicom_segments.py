"""Frames of a DICOM segmentation, put together to images."""

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._optional import optional
from mmseg_medical.converters._decoding import ImageError, existing, naming
from mmseg_medical.converters._dicom_header import check_inflated
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.runs import Runs
from mmseg_medical.errors import ToleratedWarning


class MissingFrameWarning(ToleratedWarning):
    """Says that a file describes more frames than it holds."""


class SegmentationFile:
    """One file of segments, its header checked.

    Args:
        file: DICOM file.

    Attributes:
        kind: ``'BINARY'``, ``'FRACTIONAL'`` or ``'LABELMAP'``.
        shape: (height, width) of a frame in pixels.
        count: Number of frames that the file holds.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If pydicom is not installed.
        ImageError: If the file is no segmentation, is cut short, describes
            fewer frames than it holds, or is one of a slide in tiles.
    """

    def __init__(self, file: Path) -> None:
        pydicom = optional('pydicom', extra='dicom')
        self.file = file
        with naming(existing(file), 'DICOM'):
            check_inflated(file, pydicom)
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
        with naming(file, 'DICOM segmentation'):
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
        if 'PixelData' not in self.data:
            raise ValueError(
                'it has no pixel data; was it cut short? Copy or download it '
                'again'
            )
        self.packed = self.data.file_meta.TransferSyntaxUID.is_encapsulated
        if self.packed:
            return
        bits = int(self.data.BitsAllocated) * math.prod(self.shape)
        needed = math.ceil(bits * self.count / 8)
        if len(self.data.PixelData) < needed:
            raise ValueError(
                f'its pixels need {needed} bytes, it has '
                f'{len(self.data.PixelData)}; copy or download it again'
            )

    def records(self, mask_thr: float) -> Iterator[Record]:
        """The images that the file is of, in its order.

        Args:
            mask_thr: Share of the largest value from which on a pixel of a
                fractional segmentation belongs to the segment.

        Raises:
            ImageError: If a frame cannot be decoded, or is of no segment.
        """
        found: dict[str, list[Annotation]] = {}
        where: dict[str, dict[str, Any]] = {}
        for series in self.data.get('ReferencedSeriesSequence', ()):
            for image in series.get('ReferencedInstanceSequence', ()):
                found[str(image.ReferencedSOPInstanceUID)] = []
        with naming(self.file, 'DICOM segmentation'):
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
            if group is None:
                raise ValueError(f'frame {k + 1} does not say its segment')
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
