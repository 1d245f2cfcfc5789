"""Elements of a frame of DICOM, wherever the file keeps them."""

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFLATED = '1.2.840.10008.1.2.1.99'  # transfer syntax
_MOST_INFLATED = 2**31  # bytes


class FrameHeader:
    """Elements of the file, of one of its frames, or of all frames.

    Args:
        header: pydicom's data set of the file.
        frame: Number of the frame from 0.
    """

    def __init__(self, header: Any, frame: int) -> None:
        self._header = header
        self._frame = frame

    def get(self, keyword: str) -> Any:
        """Value of an element, or None."""
        for item in self._items():
            if keyword in item:
                return item[keyword].value
        return None

    def _items(self) -> Iterator[Any]:
        yield self._header
        own = self._header.get('PerFrameFunctionalGroupsSequence') or ()
        shared = self._header.get('SharedFunctionalGroupsSequence') or ()
        frame = self._frame
        for groups in (*own[frame : frame + 1], *shared[:1]):
            for group in groups:
                if group.VR == 'SQ' and group.value:
                    yield group.value[0]

    def numbers(self, keyword: str, count: int) -> NDArray[np.float64] | None:
        """Numbers of an element, or None.

        Raises:
            ValueError: If they are not as many, or one is not finite.
        """
        value = self.get(keyword)
        if value is None or value == '':
            return None
        numbers = [float(k) for k in value]
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            raise ValueError(f'its {keyword} is {value}')
        return np.array(numbers)

    @property
    def spacing(self) -> tuple[float, float] | None:
        """Distance of pixels (height, width) in mm, as ``DICOMImage``."""
        for keyword in (
            'PixelSpacing',
            'ImagerPixelSpacing',
            'NominalScannedPixelSpacing',
        ):
            found = self.numbers(keyword, 2)
            if found is not None and found.min() > 0:
                return float(found[0]), float(found[1])
        return None


def check_inflated(path: Path, pydicom: Any) -> None:
    """Refuse a deflated file that would fill the memory.

    Raises:
        ValueError: If it inflates to more than 2 GiB, or is cut short.
    """
    meta = pydicom.filereader.read_file_meta_info(path)
    if meta.get('TransferSyntaxUID') != DEFLATED:
        return
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    with open(path, 'rb') as file:
        file.seek(132 + 12 + meta.FileMetaInformationGroupLength)
        while not inflater.eof:
            packed = inflater.unconsumed_tail or file.read(2**20)
            if not packed:
                raise ValueError('its deflated data are cut short')
            total += len(inflater.decompress(packed, 2**20))
            if total > _MOST_INFLATED:
                raise ValueError(f'it inflates to over {_MOST_INFLATED} bytes')
