"""Elements of a frame of DICOM, wherever the file keeps them."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
