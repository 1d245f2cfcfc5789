"""Images with annotation files of the programs that drew them."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.converters import geojson
from mmseg_medical.converters.formats import get_format
from mmseg_medical.converters.image_folder import ImageFolder
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.datasets._paired import IMAGE_SUFFIXES, PairedDataset
from mmseg_medical.datasets.base import DatasetError
from mmseg_medical.errors import InputError


@DATASETS.register_module()
class AnnotationDataset(PairedDataset):
    """Any images whose objects stand in annotation files.

    .. code-block:: none

        data_root/
        ├── images/a.jpg, b.png …
        ├── annotations/a.json, b.json …     labelme, geojson (QuPath),
        │                                    aperio (ImageScope), hubmap_json
        └── instances.json                   or one file: coco, cvat

    Files that have the name of their image are read when it is. What
    ``ann_file`` names is read at once, and its objects travel with the
    samples: a file of all images, or a folder of files of which each says
    what its image is.

    Args:
        ann_file: The file of all images, or the folder; ``''`` where files
            have the names of their images.
        data_root: Folder of the tree above.
        annotation_format: One of the names above.
        labels: Classes by the labels of the files, where they have other
            names: ``{'tumor': 'lesion', 'artefact': None, '*': 255}``. None
            leaves objects out, 255 their pixels as well; ``'*'`` are all
            other labels.
        overlapping: Whether classes may share pixels: masks are then planes,
            one per class. Else the first class is the background, and later
            objects lie above.
        img_suffix: Suffix of images, or several; by default those of common
            formats.
        seg_map_suffix: What follows the name of the image in the name of its
            annotation file; by default as the format has it.
        data_prefix: Folders ``img_path`` and ``seg_map_path``, by default
            ``images`` and ``annotations``; without the latter, and without
            ``ann_file``, there are no masks.
        kwargs: Arguments of :class:`MedicalDataset`; ``metainfo`` names the
            classes.

    Raises:
        FileNotFoundError: If a folder or the file is missing.
        DatasetError: If the format is unknown, ``metainfo`` has no classes,
            or an image has no annotation file, or such a file no image.
        InputError: If the file of all images cannot be read.

    Example:
        >>> dataset = dict(
        ...     type='AnnotationDataset',
        ...     data_root='data/glands',
        ...     annotation_format='geojson',
        ...     metainfo=dict(classes=('background', 'gland')),
        ...     labels={'Gland (benign)': 'gland', 'Artefact': None},
        ... )
    """

    # Formats of one file per image: how the names of the files end.
    PER_IMAGE: Mapping[str, tuple[str, ...]] = {
        'labelme': ('.json',),
        'geojson': geojson.SUFFIXES,
        'aperio': ('.xml',),
        'hubmap_json': ('.json',),
    }

    def __init__(
        self,
        ann_file: str = '',
        data_root: str = 'data',
        *,
        annotation_format: str = 'labelme',
        labels: Mapping[str, Any] | None = None,
        overlapping: bool = False,
        img_suffix: str | Sequence[str] = IMAGE_SUFFIXES,
        seg_map_suffix: str | Sequence[str] | None = None,
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        if not ann_file and annotation_format not in self.PER_IMAGE:
            raise DatasetError(
                f'annotation_format is one of {tuple(self.PER_IMAGE)} where '
                f'each image has its file, got {annotation_format!r}; a file '
                'of all images is named by ann_file'
            )
        self.annotation_format = annotation_format
        if labels is not None:
            self.labels = labels
        self.overlapping = overlapping
        folders = dict(img_path='images', seg_map_path='annotations')
        super().__init__(
            ann_file,
            data_root,
            img_suffix=img_suffix,
            seg_map_suffix=seg_map_suffix
            or self.PER_IMAGE.get(annotation_format),
            data_prefix=folders if data_prefix is None else data_prefix,
            **kwargs,
        )

    def load_samples(self) -> list[dict[str, Any]]:
        self.check_classes()
        if self.ann_file:
            return self._of_file()
        samples = self.list_images()
        if self.data_prefix.get('seg_map_path'):
            self.pair(samples, self.seg_map_suffix, 'annotation_path')
            for sample in samples.values():
                sample['annotation_format'] = self.annotation_format
        return list(samples.values())

    def _of_file(self) -> list[dict[str, Any]]:
        """Read the file of all images, or a folder of files that name them."""
        known = get_format(self.annotation_format)
        folder = self.data_prefix['img_path']
        images = ImageFolder(folder)
        skipped = Skipped(strict=self.strict)
        options: dict[str, Any] = dict(skipped=skipped)
        if 'img_dir' in known.read_options:  # where files say no size
            options['img_dir'] = folder
        samples = []
        for record in known.read(self.ann_file, **options):
            try:
                path = _image_of(images, record)
            except InputError as error:
                skipped.add(error)
                continue
            sample = dict(
                img_id=record.img_id,
                img_path=str(path),
                annotations=record.annotations,
                where=f'{self.ann_file} {record.img_id}',
            )
            if record.shape is not None:
                sample['height'], sample['width'] = record.shape
            samples.append(sample)
        self.leave_out(
            [str(error) for error in skipped.errors],
            'parts of the file that cannot be read',
            '',
        )
        return samples


def _image_of(images: ImageFolder, record: Record) -> Path:
    """Image that a record names, or that has its id."""
    named = record.img_path or record.properties.get('img_name')
    try:
        return images.path(record.img_id, named)
    except InputError:
        if named is None:
            raise
        # Some files name themselves, or an image of another format.
        stem = PureWindowsPath(named).with_suffix('')
        return images.path(record.img_id, stem)
