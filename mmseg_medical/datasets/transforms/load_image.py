"""From the path of an image to its pixels, no more of them than needed."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.dicom import DICOMOptions
from mmseg_medical.converters.image import image_spacing, read_image
from mmseg_medical.datasets.transforms._sample import (
    Source,
    sources,
    true_size,
)
from mmseg_medical.errors import InputError


@TRANSFORMS.register_module()
class LoadImageRegion(BaseTransform):
    """Read the image, or the region that was chosen.

    TIFF, DICOM, NIfTI, PNG, JPEG and what else OpenCV reads. Where
    ``img_path`` or ``frame`` is a list, the images are stacked as channels in
    its order, as neighbouring slices for a network in two and a half
    dimensions; n colour images give 3n channels. A file that stands there
    more than once is read once.

    Args:
        channels: 1 makes gray of colours, 3 makes three equal channels of
            gray, for folders that hold both; None leaves each as it is.
        to_bgr: Reverse the channels of colour images, which files keep as
            RGB, to the BGR of mmcv; of each image in a stack. Three gray
            slices are no colours: set ``bgr_to_rgb=False`` in the
            preprocessor, or it reverses them.
        dicom: How DICOM is read: ``rescale=True`` to its units (HU),
            ``invert=True`` where 0 is white, ``window=None`` or
            ``'stored'``, an index, or (center, width) for uint8 as a display
            shows it.

    Required keys: img_path, a path or several; region (optional); frame
    (optional), the page, frame or slice from 0 or several; plane (optional),
    ``'axial'``, ``'coronal'`` or ``'sagittal'`` slices of NIfTI.
    Added keys: img (H, W, C) of the stored type; img_shape, ori_shape
    (height, width) of what was read; spacing (height, width) in mm, where the
    file tells it and the sample does not. Transparency is dropped.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If what reads its format is not installed.
        ImageError: If the file cannot be decoded.
        InputError: If its size differs from the owner's table, or images of
            a stack differ in size, channels or type.

    Example:
        >>> dict(type='LoadImageRegion', dicom=dict(window=(40, 400)))
    """

    def __init__(
        self,
        *,
        channels: int | None = None,
        to_bgr: bool = True,
        dicom: DICOMOptions | None = None,
    ) -> None:
        if channels not in (None, 1, 3):
            raise InputError(f'channels is 1, 3 or None, got {channels}')
        self.channels = channels
        self.to_bgr = to_bgr
        self.dicom = dicom
        unknown = set(dicom or ()) - DICOMOptions.__annotations__.keys()
        if unknown:
            raise InputError(
                f'LoadImageRegion(dicom=…) has no {sorted(unknown)}, only '
                f'{sorted(DICOMOptions.__annotations__)}'
            )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        true_size(results)
        stack = sources(results)
        pixels = {s: self._read(s, results) for s in dict.fromkeys(stack)}
        img = pixels[stack[0]]
        if len(stack) > 1:
            for source in stack:
                _check_alike(stack[0], img, source, pixels[source])
            img = np.concatenate([pixels[source] for source in stack], 2)
        self._keep_spacing(stack[0], results)
        results['img'] = img
        results['img_shape'] = results['ori_shape'] = img.shape[:2]
        return results

    @staticmethod
    def _keep_spacing(source: Source, results: dict[str, Any]) -> None:
        if 'spacing' in results:
            return
        spacing = image_spacing(
            source.path,
            frame=source.frame,
            plane=results.get('plane', 'axial'),
        )
        if spacing is not None:
            results['spacing'] = spacing

    def _read(self, source: Source, results: dict[str, Any]) -> Any:
        """Pixels (H, W, C) of one file."""
        img = read_image(
            source.path,
            results.get('region'),
            frame=source.frame,
            plane=results.get('plane', 'axial'),
            dicom=self.dicom,
        )
        return self.arrange(img)

    def arrange(self, img: Any) -> Any:
        """Bring the channels of an image to what is asked for.

        Args:
            img: (H, W) or (H, W, C), colours as RGB.

        Returns:
            (H, W, C), colours as BGR unless ``to_bgr`` is False.
        """
        coloured = img.ndim == 3 and img.shape[2] == 3
        if coloured and self.channels == 1:
            img = cv2.cvtColor(img, cv2.COLOR_RGB2GRAY)
        elif coloured and self.to_bgr:
            img = _reversed(img)
        img = img[..., None] if img.ndim == 2 else img
        if self.channels == 3 and img.shape[2] == 1:
            img = img.repeat(3, 2)
        return img


def _reversed(img: Any) -> Any:
    """Channels in the other order; OpenCV is fast, and knows some types."""
    if img.dtype in (np.uint8, np.uint16, np.float32):
        return cv2.cvtColor(img, cv2.COLOR_RGB2BGR)
    return np.ascontiguousarray(img[..., ::-1])


def _check_alike(first: Source, img: Any, other: Source, pixels: Any) -> None:
    if img.shape != pixels.shape or img.dtype != pixels.dtype:
        raise InputError(
            f'{other} is {pixels.shape} of {pixels.dtype}, {first} is '
            f'{img.shape} of {img.dtype}; images of one stack are alike'
        )
