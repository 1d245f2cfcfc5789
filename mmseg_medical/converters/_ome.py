"""OME-XML: what an OME-TIFF says of its pixels.

Source: docs.openmicroscopy.org/ome-model, schema 2016-06.
"""

import math
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tifffile
from numpy.typing import NDArray

from mmseg_medical.converters.tiff import ImageError

_NAMESPACE = 'mmseg_medical/labels'
_TO_MICRONS = {'µm': 1.0, 'nm': 1e-3, 'mm': 1e3, 'cm': 1e4}


def write_ome(
    path: Path,
    planes: NDArray[Any],
    *,
    channels: Sequence[str] = (),
    pixel_size: tuple[float, float] | None = None,
    annotation: Mapping[str, str] | None = None,
    name: str = '',
) -> None:
    """Write one OME-TIFF in deflated tiles.

    Args:
        path: File to write; the folder is made where it is missing.
        planes: (H, W), or (C, H, W) of C channels.
        channels: Names of the channels.
        pixel_size: (height, width) of a pixel in µm.
        annotation: Texts to keep in the OME-XML, by name.
        name: Name that the file is going to have; its own by default.
    """
    name = name or path.name
    metadata: dict[str, Any] = dict(
        axes='CYX'[-planes.ndim :],
        Name=name.split('.ome')[0],
        # One file, one name: the same bytes whenever it is written.
        UUID=str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
    )
    if channels:
        metadata['Channel'] = dict(Name=list(channels))
    if pixel_size:
        for axis, size in zip('YX', pixel_size, strict=True):
            metadata[f'PhysicalSize{axis}'] = size
            metadata[f'PhysicalSize{axis}Unit'] = 'µm'
    if annotation:
        metadata['MapAnnotation'] = dict(
            Namespace=_NAMESPACE, Value=dict(annotation)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(
        path,
        planes,
        ome=True,
        tile=(256, 256),
        compression='adobe_deflate',
        predictor=planes.dtype.kind in 'ui',
        photometric='minisblack',
        metadata=metadata,
    )


def describe(
    file: Path,
) -> tuple[dict[str, str], tuple[float, float] | None, list[str]]:
    """Read what the OME-XML of a file says.

    Args:
        file: OME-TIFF file.

    Returns:
        Texts that :func:`write_ome` kept there, (height, width) of a pixel in
        µm, and the names of the channels; each empty or None where there is
        none.

    Raises:
        ImageError: If the file has no OME-XML, or none that is well-formed.
    """
    with tifffile.TiffFile(file) as tiff:
        text = tiff.ome_metadata
    if not text:
        raise ImageError(f'{file} has no OME-XML; it is a plain TIFF')
    if '<!DOCTYPE' in text or '<!ENTITY' in text:
        raise ImageError(f'{file}: its OME-XML defines entities')
    try:
        xml = ET.fromstring(text)
    except ET.ParseError as error:
        raise ImageError(f'{file}: its OME-XML is broken: {error}') from None
    note: dict[str, str] = {}
    for item in xml.iterfind('.//{*}MapAnnotation'):
        if item.get('Namespace') == _NAMESPACE:
            note = {
                m.get('K', ''): m.text or '' for m in item.iterfind('.//{*}M')
            }
    names = [c.get('Name', '') for c in xml.iterfind('.//{*}Channel')]
    return note, _pixel_size(xml), names if all(names) else []


def _pixel_size(xml: ET.Element) -> tuple[float, float] | None:
    element = xml.find('.//{*}Pixels')
    if element is None:
        return None
    sizes = []
    for axis in 'YX':
        unit = element.get(f'PhysicalSize{axis}Unit', 'µm')
        factor = _TO_MICRONS.get(unit, math.nan)
        try:
            sizes.append(
                factor * float(element.get(f'PhysicalSize{axis}', ''))
            )
        except ValueError:
            return None
    height, width = sizes
    told = min(sizes) > 0 and math.isfinite(sum(sizes))
    return (height, width) if told else None
