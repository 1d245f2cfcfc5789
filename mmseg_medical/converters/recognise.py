"""Which annotation format a file or folder is of."""

import csv
import gzip
import os
import re
import zlib
from pathlib import Path

from mmseg_medical.converters import geojson
from mmseg_medical.converters._json import read_json
from mmseg_medical.converters.formats import FORMATS, Format
from mmseg_medical.converters.image_folder import PathLike, visible, walk
from mmseg_medical.errors import InputError

_SNIFFED = 2**16  # bytes of a file that are looked at
# Formats of drawn outlines whose files may lie beside the images, and the ends
# of their names.
_OF_EACH = ('labelme', 'geojson', 'cvat', 'aperio', 'hubmap_json')
_DRAWN = (*geojson.SUFFIXES, '.xml')
# Ends of names that say what to write; those of JSON and CSV do not.
_TARGETS = (
    ('.geojson', 'geojson'),
    ('.geojson.gz', 'geojson'),
    ('.xml', 'cvat'),
    ('.dcm', 'dicom_seg'),
    ('.parquet', 'object_table'),
)


def recognise(path: PathLike) -> Format:
    """Find out the format of a file or folder.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        InputError: If it could be several formats, or none.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist')
    name = _of_folder(path) if path.is_dir() else _of_file(path)
    if name is None:
        raise InputError(
            f'{path} is of no format that can be recognised; say which: '
            f'--from-format {", ".join(FORMATS)}'
        )
    return FORMATS[name]


def recognise_target(path: PathLike) -> Format:
    """Find out the format of a file to write, by its name.

    Raises:
        InputError: If the name does not say it.
    """
    file = Path(path).name.lower()
    name = next((n for end, n in _TARGETS if file.endswith(end)), None)
    if name is None:
        raise InputError(
            f'the name {path} does not say its format; say which: --to-format '
            f'{", ".join(n for n, f in FORMATS.items() if f.writer)}'
        )
    return FORMATS[name]


def _of_folder(path: Path) -> str | None:
    names = {entry.name for entry in visible(path)}
    if 'maps.json' in names:
        return 'predictions'
    if 'ann_dir' in names:
        return 'mmseg'
    folders = [e for e in visible(path) if e.is_dir(follow_symlinks=False)]
    if any(os.path.isdir(os.path.join(f.path, 'masks')) for f in folders):
        return 'object_masks'
    if 'classes.json' in names:
        return 'index_maps'
    drawn = (f for f in walk(path) if f.name.lower().endswith(_DRAWN))
    file = next(drawn, None)
    if file and (name := _of_file(file)) in _OF_EACH:
        return name
    first = next(walk(path), None)
    if first is None:
        return None
    if first.suffix.lower() != '.png':
        name = _of_file(first)
        apart = name == 'nifti' and first.parent != path
        return 'nifti_masks' if apart else name
    return 'index_maps' if first.parent == path else 'class_masks'


def _of_file(path: Path) -> str | None:
    name = path.name.lower()
    if name.endswith(('.ome.tif', '.ome.tiff')):
        return 'ome_tiff'
    if name.endswith(('.nii', '.nii.gz')):
        return 'nifti'
    start = _start_of(path)
    if start.startswith(b'PK\3\4'):
        raise InputError(f'{path} is a zip file: unpack it')
    if start[128:132] == b'DICM':
        return 'dicom_seg'
    text = start.decode('utf-8-sig', 'replace')
    if name.endswith('.csv'):
        return _of_table(text)
    if name.endswith('.xml'):
        roots = {'<annotations': 'cvat', '<Annotations': 'aperio'}
        return next((f for tag, f in roots.items() if tag in text), None)
    if name.endswith(geojson.SUFFIXES):
        return _of_json(path, text)
    return None


def _start_of(path: Path) -> bytes:
    """First bytes of a file, as they were before they were compressed."""
    opened = gzip.open if path.suffix.lower() == '.gz' else open
    try:
        with opened(path, 'rb') as file:
            return file.read(_SNIFFED)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(
            f'{path} is no gzip file ({error}); was it cut short?'
        ) from None


def _of_json(path: Path, text: str) -> str | None:
    """By the names at the beginning, else by those of the whole file."""
    if re.search(r'"type"\s*:\s*"Feature', text) or '.geojson' in path.name:
        return 'geojson'
    if '"shapes"' in text:
        return 'labelme'
    if re.match(r'\s*\[\s*(\]|\[\s*\[)', text):
        return 'hubmap_json'
    data = read_json(path)
    if isinstance(data, dict):
        if {'images', 'annotations', 'categories'} <= data.keys():
            return 'coco'
        if 'shapes' in data:
            return 'labelme'
    if isinstance(data, list) and isinstance(data[0], dict):
        return 'coco_results' if 'image_id' in data[0] else None
    return None


def _of_table(text: str) -> str | None:
    """By the header, or the ids of the first row."""
    lines = [line for line in text.splitlines() if line.strip()][:2]
    rows = [[c.strip() for c in row] for row in csv.reader(lines)]
    if not rows:
        return None
    header, first = rows[0], rows[-1]
    if {'id', 'class'} <= {*header}:
        return 'uw_madison'
    if {'id'} < {*header} and {*header} & {'rle', 'encoding', 'predicted'}:
        return 'hubmap'
    if header == ['ImageId', 'EncodedPixels'] or len(header) == 2:
        if re.fullmatch(r'[0-9a-f]{64}', first[0]):
            return 'dsb2018'
        if re.match(r'1\.2\.|1\.3\.|ID_', first[0]):
            return 'siim'
    return None
