"""XML of Aperio ImageScope, as MoNuSeg publishes it: one file per image."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from mmseg_medical.converters._sources import read_each
from mmseg_medical.converters._xml import iterate_xml, number
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.image_folder import PathLike, find_image
from mmseg_medical.converters.polygon import (
    Painter,
    Polygon,
    check_near,
    ellipse,
    nest,
    to_ring,
)
from mmseg_medical.converters.record import (
    Annotation,
    AnnotationError,
    Record,
    Skipped,
)

_ELLIPSE = '2'  # type of a region of two points: the corners around it


def read(
    path: PathLike,
    *,
    skipped: Skipped | None = None,
    img_dir: PathLike | None = None,
    label: str = 'nucleus',
    painter: Painter = 'corners',
) -> Iterator[Record]:
    """Read an image's objects, or those of each image of a folder.

    Every region of a layer (``Annotation``) is an object; negative ones are
    holes of the region around them in the same layer.

    Args:
        path: XML file, or a folder of such files and folders.
        skipped: Keeps the errors of files that cannot be read; None raises
            the first one.
        img_dir: Folder of the images, for their sizes, which the files do
            not have.
        label: Class of layers that have neither a name nor, as in MoNuSAC,
            an attribute named after the class.
        painter: Which pixels a region holds; ImageScope means corners of
            pixels, many programs round the points and take ``'opencv'``.

    Yields:
        One record per file. ``properties`` have the ``pixel_size`` in µm, if
        the file has it, and say how many regions are ``without_area`` (fewer
        than three points apart), if any.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError, PolygonError: If a file cannot be read.
    """

    def read_file(file: Path, img_id: str) -> Record:
        img_path = find_image(img_dir, img_id)
        shape = image_size(img_path) if img_path else None
        annotations: list[Annotation] = []
        properties: dict[str, Any] = {}
        without = 0
        layers = iterate_xml(file, 'Annotations', ('Annotation',))
        for k, (layer, root) in enumerate(layers, 1):
            where = f'{file} layer {k}'
            if text := root.get('MicronsPerPixel'):
                properties['pixel_size'] = _pixel_size(text, file)
            outlines, holes, empty = _regions(layer, where)
            without += empty
            areas = nest(outlines, holes, where)
            if shape is not None:
                check_near(areas, shape, where)
            name = _name(layer) or label
            annotations += (
                Annotation(name, polygons=(area,), painter=painter)
                for area in areas
            )
        if without:
            properties['without_area'] = without
        return Record(img_id, shape, tuple(annotations), img_path, properties)

    return read_each(path, ('.xml',), read_file, skipped)


def _pixel_size(text: str, file: Path) -> float:
    try:
        return float(text)
    except ValueError:
        raise AnnotationError(
            f'{file}: MicronsPerPixel is {text[:40]!r}, expected a number'
        ) from None


def _name(layer: Element) -> str:
    """Class of a layer: its name, or the attribute that stands for it."""
    if layer.get('Name'):
        return layer.attrib['Name']
    attribute = layer.find('Attributes/Attribute')
    if attribute is None:
        return ''
    if attribute.get('Name') in (None, '', 'Description'):
        return attribute.get('Value', '')
    return attribute.attrib['Name']


def _regions(
    layer: Element, where: str
) -> tuple[list[Polygon], list[Polygon], int]:
    """Outlines and holes of a layer, and the number of other regions."""
    outlines: list[Polygon] = []
    holes: list[Polygon] = []
    without = 0
    for k, region in enumerate(layer.iterfind('Regions/Region'), 1):
        here = f'{where} region {region.get("Id", k)}'
        points = [
            (number(vertex, 'X', here), number(vertex, 'Y', here))
            for vertex in region.iterfind('Vertices/Vertex')
        ]
        if len(points) == 2 and region.get('Type') == _ELLIPSE:
            (x0, y0), (x1, y1) = points
            radii = (abs(x1 - x0) / 2, abs(y1 - y0) / 2)
            center = ((x0 + x1) / 2, (y0 + y1) / 2)
            ring = to_ring(ellipse(center, radii), here)
        elif len({*points}) < 3:
            without += 1
            continue
        else:
            ring = to_ring(points, here, closed=True)
        (holes if region.get('NegativeROA') == '1' else outlines).append(ring)
    return outlines, holes, without
