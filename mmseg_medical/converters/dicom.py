"""DICOM images: pixels in their units, and where a slice lies in the body."""

import math
import os
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._optional import optional
from mmseg_medical.converters import _dicom_codec, _dicom_values
from mmseg_medical.converters._decoding import (
    PathLike,
    check_frame,
    existing,
    naming,
    parsed,
)
from mmseg_medical.converters._dicom_header import (
    DEFLATED,
    FrameHeader,
    check_inflated,
)
from mmseg_medical.converters._dicom_values import Window
from mmseg_medical.converters.tiff import Region

Array = NDArray[Any]

# A frame above so many bytes has to have a 2000th of them in the file.
_SURELY_SMALL = 2**26
_MOST_RATIO = 2000
_PIXELS = ('PixelData', 'FloatPixelData', 'DoubleFloatPixelData')


class DICOMOptions(TypedDict, total=False):
    """How :meth:`DICOMImage.read` turns what is stored into pixels."""

    rescale: bool
    invert: bool
    window: Window | None


def is_dicom(path: PathLike) -> bool:
    """Whether a file begins as DICOM does, whatever its name."""
    with open(path, 'rb') as file:
        return file.read(132)[128:] == b'DICM'


class DICOMImage:
    """One DICOM file, of one frame or of several.

    Uncompressed in either byte order, deflated, RLE, JPEG (8 and 12 bits,
    lossless), JPEG-LS, JPEG 2000. The header is parsed once, the pixels of a
    frame are read when they are asked for.

    Args:
        path: DICOM file, with any suffix or none.

    Attributes:
        frames: Number of frames.
        shape: (H, W) or (H, W, 3) of a frame in pixels.
        header: Elements of the file but for the pixels (pydicom's data set).

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If pydicom is not installed.
        ImageError: If the file is no DICOM, has no pixels, is cut short,
            or is encoded as video or otherwise unknown.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = existing(path)
        pydicom = optional('pydicom', extra='dicom')
        if not is_dicom(self.path):
            with naming(self.path, 'DICOM'):
                raise ValueError("it has no 'DICM' after 128 bytes")
        with naming(self.path, 'DICOM'):
            check_inflated(self.path, pydicom)
            with open(self.path, 'rb') as file:
                self.header = pydicom.dcmread(file, stop_before_pixels=True)
                rest = os.fstat(file.fileno()).st_size - file.tell()
            self.syntax = self.header.file_meta.get('TransferSyntaxUID')
            if self.syntax is None:
                raise ValueError(
                    'it names no transfer syntax, or was cut short; copy or '
                    'download it again'
                )
            self._check_syntax()
            height, width = (
                int(self.header.get(key) or 0) for key in ('Rows', 'Columns')
            )
            if height < 1 or width < 1:
                kind = self.header.get('Modality') or 'unknown'
                raise ValueError(
                    f'it has no pixels (modality {kind}), or was cut short'
                )
            self.frames = max(int(self.header.get('NumberOfFrames') or 1), 1)
            samples = int(self.header.get('SamplesPerPixel') or 1)
            channels = 3 if self._photometric == 'PALETTE COLOR' else samples
            self.shape: tuple[int, ...] = (height, width)
            self.shape += (channels,) * (channels > 1)
            if self.syntax != DEFLATED:  # there all of it was read
                self._check_length(height * width * samples, rest)

    @classmethod
    def open(cls, path: PathLike) -> 'DICOMImage':
        """Parse a file, or take what this process has parsed before."""
        return parsed(cls, path)

    @property
    def _photometric(self) -> str:
        return str(self.header.get('PhotometricInterpretation') or '')

    def _check_syntax(self) -> None:
        decoders = optional('pydicom.pixels', extra='dicom')
        try:
            decoder = decoders.get_decoder(self.syntax)
        except NotImplementedError:
            raise ValueError(
                f'its transfer syntax is {self.syntax.name}, which holds no '
                'still images that can be decoded; convert it'
            ) from None
        if not self.syntax.is_encapsulated:
            return
        _dicom_codec.register()
        if _dicom_codec.PLUGIN not in decoder.available_plugins:
            raise ValueError(
                f'no decoder for its transfer syntax {self.syntax.name}: '
                'the imagecodecs that is installed was built without it; '
                'install imagecodecs from PyPI'
            )

    def _check_length(self, samples: int, rest: int) -> None:
        """Compare what the header promises with what the file has."""
        bits = samples * int(self.header.get('BitsAllocated') or 8)
        if self.syntax.is_encapsulated:
            if bits / 8 > max(_SURELY_SMALL, _MOST_RATIO * rest):
                raise ValueError(
                    f'its header promises {bits // 8} bytes, more than '
                    f'{rest} compressed bytes can hold'
                )
            return
        if self._photometric == 'YBR_FULL_422':  # two pixels share colours
            bits = bits * 2 // 3
        needed = math.ceil(bits * self.frames / 8)
        if rest == 0:
            raise ValueError('it has no pixels')
        if needed > rest:
            raise ValueError(
                f'it is cut short: its pixels need {needed} bytes, {rest} '
                'are left; copy or download it again'
            )

    def read(
        self,
        region: Region | None = None,
        *,
        frame: int | None = None,
        rescale: bool = True,
        invert: bool = True,
        window: Window | None = None,
        raw: bool = False,
    ) -> Array:
        """Read a frame, or a window of it.

        Args:
            region: Window in pixels; it must lie inside the image.
            frame: Number of the frame from 0; needed where there are several.
            rescale: Apply the modality LUT, or slope and intercept: CT is
                then in Hounsfield units. Integers that fit stay 16 bits,
                else float32.
            invert: Turn MONOCHROME1 round, so that more is brighter; floats
                change their sign.
            window: As a display shows it, uint8 of 0 to 255: ``'stored'``
                for the file's own window, its index where there are several,
                or (center, width) in the unit of the pixels. Colours pass.
            raw: Return what is stored, as for labels: no option above
                counts, palettes give their indices.

        Returns:
            (H, W), or (H, W, 3) RGB for colours: YBR is converted, palettes
            give uint8.

        Raises:
            ImageError: If there is no such frame or window, or the data
                cannot be decoded.
            ValueError: If the region leaves the image.
        """
        number = check_frame(self.path, frame, self.frames)
        region = Region(*(region or (0, 0, *self.shape[:2])))
        region.check(self.shape, self.path)
        with naming(self.path, 'DICOM'):
            pixels = self._decode(number)[region.slices]
            if not raw:
                pixels = self._values(pixels, number, rescale, invert, window)
        return np.ascontiguousarray(pixels)

    def read_all(self, **options: Unpack[DICOMOptions]) -> Array:
        """Read all frames: (frames, H, W) or (frames, H, W, 3).

        Args:
            **options: ``rescale``, ``invert`` and ``window`` of :meth:`read`.

        Raises:
            ImageError: As :meth:`read`.
        """
        frames = range(self.frames)
        return np.stack([self.read(frame=k, **options) for k in frames])

    def _decode(self, frame: int) -> Array:
        """Stored numbers of a frame, colours as RGB, native byte order."""
        pixels = optional('pydicom.pixels', extra='dicom')
        source: Any = self.path
        if self.frames == 1 or self.syntax == DEFLATED:
            # The whole file; pydicom finds a frame in an open file only
            # where its elements are written as the header says.
            dcmread = optional('pydicom', extra='dicom').dcmread
            source = dcmread(self.path)
            if not any(key in source for key in _PIXELS):
                raise EOFError  # pydicom drops an element that is cut
        plugin = _dicom_codec.PLUGIN if self.syntax.is_encapsulated else ''
        array: Array = pixels.pixel_array(
            source, index=frame, decoding_plugin=plugin
        )
        if array.shape[:2] != self.shape[:2]:
            raise ValueError(f'its frames are {array.shape}, not {self.shape}')
        return array.astype(array.dtype.newbyteorder('='), copy=False)

    def _values(
        self,
        pixels: Array,
        frame: int,
        rescale: bool,
        invert: bool,
        window: Window | None,
    ) -> Array:
        if self._photometric == 'PALETTE COLOR':
            apply = optional('pydicom.pixels', extra='dicom').apply_color_lut
            return _dicom_values.palette(pixels, self.header, apply)
        if pixels.ndim == 3:
            return pixels
        header = FrameHeader(self.header, frame)
        values = _dicom_values.stored(
            pixels,
            int(self.header.get('BitsStored') or 8 * pixels.dtype.itemsize),
            bool(self.header.get('PixelRepresentation')),
        )
        if rescale:
            values = _dicom_values.rescale(values, header)
        turned = invert and self._photometric == 'MONOCHROME1'
        if window is not None:
            gray = _dicom_values.show(values, header, window)
            return 255 - gray if turned else gray
        return _dicom_values.invert(values) if turned else values.pixels

    def spacing(self, frame: int = 0) -> tuple[float, float] | None:
        """Distance of pixels (height, width) in mm; None where not told.

        Of projections without a calibration it is that of the detector, where
        the body appears larger than it is.
        """
        with naming(self.path, 'DICOM'):
            return FrameHeader(self.header, frame).spacing

    def position(self, frame: int = 0) -> Array | None:
        """Where the first pixel lies: (3,) to the left, back and head, in mm.

        None where the file does not tell.
        """
        with naming(self.path, 'DICOM'):
            header = FrameHeader(self.header, frame)
            return header.numbers('ImagePositionPatient', 3)

    def orientation(self, frame: int = 0) -> Array | None:
        """Directions (2, 3) of a row of pixels, and of a column downwards.

        Unit vectors to the left, back and head; None where the file does not
        tell.
        """
        with naming(self.path, 'DICOM'):
            header = FrameHeader(self.header, frame)
            found = header.numbers('ImageOrientationPatient', 6)
        return None if found is None else found.reshape(2, 3)


def dicom_size(path: PathLike) -> tuple[int, int]:
    """Height and width of a DICOM image in pixels, from its header.

    Raises:
        ImageError: As :class:`DICOMImage`.
    """
    height, width = DICOMImage.open(path).shape[:2]
    return height, width
