"""All annotation formats: by which name they go, and how they are known."""

import csv
import dataclasses
import importlib
import inspect
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmseg_medical.converters._json import read_json
from mmseg_medical.converters.image_folder import PathLike, visible, walk
from mmseg_medical.converters.record import Record
from mmseg_medical.errors import InputError

_SNIFFED = 2**16  # bytes of a file that are looked at


@dataclasses.dataclass(frozen=True)
class Format:
    """A format, and how to read and write it.

    Attributes:
        name: By which it is chosen.
        about: What it is, in a line.
        module: Module of :mod:`mmseg_medical.converters`.
        reader: Name of the function that reads it; empty where none does.
        writer: Name of the function that writes it; empty where none does.
        fixed: Arguments that make the format of a module that knows several.
        labelled: Whether its files name classes.
        extra: Extra of this distribution that installs what it needs.
    """

    name: str
    about: str
    module: str
    reader: str = 'read'
    writer: str = 'write'
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    labelled: bool = True
    extra: str = ''

    def _function(self, name: str, doing: str) -> Callable[..., Any]:
        if not name:
            raise InputError(f'{self.name} cannot be {doing}')
        module = f'mmseg_medical.converters.{self.module}'
        function: Callable[..., Any] = getattr(
            importlib.import_module(module), name
        )
        return function

    def _required(self, function: Callable[..., Any]) -> frozenset[str]:
        parameters = inspect.signature(function).parameters.values()
        return frozenset(
            p.name
            for p in parameters
            if p.kind is p.KEYWORD_ONLY and p.default is p.empty
        ) - {*self.fixed}

    def _options(self, function: Callable[..., Any]) -> frozenset[str]:
        parameters = inspect.signature(function).parameters.values()
        return frozenset(
            p.name for p in parameters if p.kind is p.KEYWORD_ONLY
        ) - {*self.fixed}

    @property
    def read_options(self) -> frozenset[str]:
        """Names of the arguments of :meth:`read`."""
        return self._options(self._function(self.reader, 'read'))

    @property
    def write_options(self) -> frozenset[str]:
        """Names of the arguments of :meth:`write`."""
        return self._options(self._function(self.writer, 'written'))

    def read(self, path: PathLike, **options: Any) -> Iterator[Record]:
        """Read annotations.

        Args:
            path: File or folder.
            options: Arguments of the reading function of the module.

        Raises:
            InputError: If the format is not read, or has no such option; and
                what the function raises.
        """
        function = self._function(self.reader, 'read')
        self._check(options, function, 'read')
        records: Iterator[Record] = function(path, **self.fixed, **options)
        return records

    def write(
        self, records: Iterable[Record], path: PathLike, **options: Any
    ) -> int:
        """Write annotations; the number of images comes back.

        Args:
            records: What to write.
            path: File or folder.
            options: Arguments of the writing function of the module.

        Raises:
            InputError: If the format is not written, or has no such option;
                and what the function raises.
        """
        function = self._function(self.writer, 'written')
        self._check(options, function, 'written')
        return int(function(records, path, **self.fixed, **options))

    def _check(
        self,
        options: Mapping[str, Any],
        function: Callable[..., Any],
        doing: str,
    ) -> None:
        known = self._options(function)
        unknown = sorted({*options} - known)
        if unknown:
            raise InputError(
                f'{self.name} has no {unknown[0]!r} when it is {doing}; its '
                f'options are {", ".join(sorted(known - {"skipped"}))}'
            )
        if isinstance(options.get('classes'), str):
            raise InputError(
                f'classes is a list of names, got {options["classes"]!r}; '
                'name them by --classes or --from-classes'
            )
        missing = sorted(self._required(function) - {*options})
        if missing:
            hint = {'source': ' (--images)', 'classes': ' (--classes)'}
            raise InputError(
                f'{self.name} needs {missing[0]!r} when it is {doing}; give it'
                + hint.get(missing[0], '')
            )


_ALL = (
    Format(
        'hubmap',
        'HuBMAP CSV, a row for each image',
        'rle_table',
        fixed=dict(layout='hubmap'),
        labelled=False,
    ),
    Format(
        'uw_madison',
        'UW-Madison CSV, a row for each class of an image',
        'rle_table',
        fixed=dict(layout='uw_madison'),
    ),
    Format(
        'siim',
        'SIIM-ACR CSV, a row for each object',
        'rle_table',
        fixed=dict(layout='siim'),
        labelled=False,
    ),
    Format(
        'dsb2018',
        'Data Science Bowl 2018 CSV, a row for each object',
        'rle_table',
        fixed=dict(layout='dsb2018'),
        labelled=False,
    ),
    Format('coco', 'COCO JSON, polygons or run lengths', 'coco'),
    Format(
        'index_maps', 'folder with a label PNG for each image', 'index_maps'
    ),
    Format('class_masks', 'folder of <image>/<class>.png', 'class_masks'),
    Format(
        'object_masks',
        'folder of <image>/masks/*.png',
        'object_masks',
        labelled=False,
    ),
    Format('mmseg', "MMSegmentation's img_dir and ann_dir", 'mmseg_tree'),
    Format('ome_tiff', 'OME-TIFF label images', 'ome_tiff'),
    Format(
        'ome_probabilities',
        'OME-TIFF probability images',
        'ome_tiff',
        reader='',
        writer='write_probabilities',
    ),
    Format('nifti', 'NIfTI label volumes', 'nifti_labels', extra='volumes'),
    Format(
        'nifti_masks',
        'folder of NIfTI masks <volume>/<class>.nii.gz',
        'nifti_masks',
        extra='volumes',
    ),
    Format(
        'dicom_seg',
        'DICOM segmentations',
        'dicom_seg',
        extra='dicom',
    ),
    Format(
        'predictions',
        'probability maps of tools/test.py --out',
        'predictions',
        writer='',
    ),
    Format('labelme', 'LabelMe JSON', 'labelme'),
    Format('geojson', 'QuPath GeoJSON', 'geojson'),
    Format('cvat', 'CVAT XML', 'cvat'),
    Format('aperio', 'Aperio ImageScope XML', 'aperio_xml', writer=''),
    Format(
        'hubmap_json', 'HuBMAP polygon JSON', 'hubmap_json', labelled=False
    ),
)
FORMATS: Mapping[str, Format] = {f.name: f for f in _ALL}


def get_format(name: str) -> Format:
    """Format of a name.

    Raises:
        InputError: If there is none.
    """
    if name not in FORMATS:
        raise InputError(
            f'unknown format {name!r}: expected one of {", ".join(FORMATS)}'
        )
    return FORMATS[name]


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
    known = {'.geojson': 'geojson', '.dcm': 'dicom_seg'}
    name = known.get(Path(path).suffix.lower())
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
    with path.open('rb') as file:
        start = file.read(_SNIFFED)
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
    if name.endswith(('.json', '.geojson', '.geojson.gz')):
        return _of_json(path, text)
    return None


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
