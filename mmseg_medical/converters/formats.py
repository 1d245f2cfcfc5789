"""All annotation formats, by name."""

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.record import Record
from mmseg_medical.errors import InputError


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

    @property
    def read_options(self) -> frozenset[str]:
        """Names of the arguments of :meth:`read`."""
        return frozenset(self._options('read'))

    @property
    def write_options(self) -> frozenset[str]:
        """Names of the arguments of :meth:`write`."""
        return frozenset(self._options('written'))

    @property
    def label(self) -> str | None:
        """Label of all objects where files name no classes; else None."""
        return None if self.labelled else self._options('read')['label']

    def read(self, path: PathLike, **options: Any) -> Iterator[Record]:
        """Read annotations.

        Args:
            path: File or folder.
            options: Arguments of the reading function of the module.

        Raises:
            InputError: If the format is not read, or has no such option; and
                what the function raises.
        """
        self._check(options, 'read')
        function = self._function('read')
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
        self._check(options, 'written')
        function = self._function('written')
        return int(function(records, path, **self.fixed, **options))

    def _function(self, doing: str) -> Callable[..., Any]:
        """Function by which it is ``'read'`` or ``'written'``."""
        name = self.reader if doing == 'read' else self.writer
        if not name:
            raise InputError(f'{self.name} cannot be {doing}')
        module = f'mmseg_medical.converters.{self.module}'
        function: Callable[..., Any] = getattr(
            importlib.import_module(module), name
        )
        return function

    def _options(self, doing: str) -> dict[str, Any]:
        """Defaults of the options; ``Parameter.empty`` where there is none."""
        parameters = inspect.signature(self._function(doing)).parameters
        return {
            p.name: p.default
            for p in parameters.values()
            if p.kind is p.KEYWORD_ONLY and p.name not in self.fixed
        }

    def _check(self, options: Mapping[str, Any], doing: str) -> None:
        known = self._options(doing)
        unknown = sorted(options.keys() - known)
        if unknown:
            raise InputError(
                f'{self.name} has no {unknown[0]!r} when it is {doing}; its '
                f'options are {", ".join(sorted(known.keys() - {"skipped"}))}'
            )
        if isinstance(options.get('classes'), str):
            raise InputError(
                f'classes is a list of names, got {options["classes"]!r}; '
                'name them by --classes or --from-classes'
            )
        needed = [k for k, v in known.items() if v is inspect.Parameter.empty]
        missing = sorted({*needed} - options.keys())
        if missing:
            hint = {
                'source': ' (--images)',
                'classes': ' (--classes)',
                'ids': f' (--{"from" if doing == "read" else "to"}-options '
                'ids=test_img_ids.json)',
            }
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
        'coco_results',
        'COCO results and CodaLab answers, JSON or zip; ids=FILE',
        'coco_results',
    ),
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
    Format(
        'object_table',
        'CSV or Parquet, a row for each object: size, form, stains',
        'object_table',
        reader='',
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
