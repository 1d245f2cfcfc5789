"""The DICOM images that a segmentation is written for."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mmseg_medical._optional import optional
from mmseg_medical.converters._decoding import naming
from mmseg_medical.converters.image_folder import walk
from mmseg_medical.converters.label_map import index_of, shape_of
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError


class SourceImages:
    """Headers of the DICOM images below a folder, by UID and by name.

    Args:
        folder: Folder, of which files of other kinds are passed over; or one
            file.

    Raises:
        ImportError: If pydicom is not installed.
        InputError: If it holds no image.
        ImageError: If a file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        pydicom = optional('pydicom', extra='dicom')
        self.folder = folder
        self._images: dict[str, Any] = {}
        self._named: dict[str, set[str]] = {}
        root = folder if folder.is_dir() else folder.parent
        for file in walk(folder) if folder.is_dir() else [folder]:
            with file.open('rb') as opened:
                if opened.read(132)[128:] != b'DICM':
                    continue
            with naming(file, 'DICOM'):
                image = pydicom.dcmread(file, stop_before_pixels=True)
                if 'SegmentationType' in image or 'Rows' not in image:
                    continue
                uid = str(image.SOPInstanceUID)
            self._images[uid] = image
            path = file.relative_to(root).with_suffix('').as_posix()
            for name in {uid, path, file.stem, file.name}:
                self._named.setdefault(name, set()).add(uid)
        if not self._images:
            raise InputError(f'{folder} holds no DICOM images')

    def of(self, record: Record) -> Any:
        """Header of the image of a record.

        Raises:
            InputError: If there is none, or several have its name, or it has
                another size or several frames.
        """
        name = os.path.basename(record.img_id)
        found = self._named.get(record.img_id) or self._named.get(name) or ()
        if len(found) != 1:
            what = f'{len(found)} images' if found else 'no image'
            raise InputError(
                f'{record.img_id}: {self.folder} has {what} of that SOP '
                'instance UID or file name'
            )
        image = self._images[next(iter(found))]
        size = int(image.Rows), int(image.Columns)
        if shape_of(record) != size:
            raise InputError(
                f'{record.img_id}: annotations of {record.shape} pixels '
                f'(height, width), its image has {size}'
            )
        if int(image.get('NumberOfFrames') or 1) > 1:
            raise InputError(
                f'{record.img_id}: images of several frames are not written'
            )
        return image


def by_series(
    records: Iterable[Record],
    images: SourceImages,
    classes: Sequence[str],
    skipped: Skipped,
) -> dict[str, list[tuple[Any, Record]]]:
    """Images and records of each series by its UID.

    Args:
        records: Images.
        images: Where to look for them.
        classes: Labels that they may have.
        skipped: Where errors go.
    """
    out: dict[str, list[tuple[Any, Record]]] = {}
    seen: set[str] = set()
    for record in records:
        try:
            image = images.of(record)
            uid = str(image.SOPInstanceUID)
            if uid in seen:
                raise InputError(
                    f'{record.img_id}: another record is of the image {uid} '
                    'too'
                )
            for annotation in record.annotations:
                index_of(record, annotation.label, classes=classes)
        except InputError as error:
            skipped.add(error)
            continue
        seen.add(uid)
        out.setdefault(str(image.SeriesInstanceUID), []).append(
            (image, record)
        )
    return out
