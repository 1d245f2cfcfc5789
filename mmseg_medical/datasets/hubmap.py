"""HuBMAP + HPA organ segmentation."""

import math
import os
from collections.abc import Sequence
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.converters.table import TableError, iter_table
from mmseg_medical.datasets.base import DatasetError, MedicalDataset


@DATASETS.register_module()
class HuBMAPDataset(MedicalDataset):
    """HuBMAP + HPA 2022: functional tissue units in five organs.

    - Source: kaggle.com/competitions/hubmap-organ-segmentation
    - Licence: of the competition; HPA images CC BY-SA 3.0
    - Counts: 351 train images (kidney 99, prostate 93, large intestine 58,
      spleen 53, lung 48); test images are hidden
    - Format: 8-bit RGB TIFF, mostly 3000 x 3000; masks as run lengths
      (columns, first pixel 1) and as polygons in JSON
    - Classes: one, the functional tissue unit of the organ
    - Pixel size: 0.4 µm for HPA; HuBMAP by organ, 0.229 to 6.26 µm

    .. code-block:: none

        data_root/
        ├── train.csv            id,organ,data_source,img_height,img_width,
        │                        pixel_size,tissue_thickness,rle,age,sex
        ├── train_images/<id>.tiff
        ├── train_annotations/<id>.json
        ├── test.csv             the same without rle, age and sex
        └── test_images/<id>.tiff

    Citation: Jain et al., Nature Communications 14, 4656 (2023).

    Args:
        ann_file: ``'train.csv'`` or ``'test.csv'``.
        data_root: Folder of the tree above.
        mask_source: ``'rle'`` takes masks from the table, ``'polygon'`` from
            the JSON files.
        wrong_sizes: Ids of images whose size in the table is known to be
            wrong: the size of the file is used, and they are counted.
        img_suffix: Suffix of the images.
        data_prefix: Folders of images and polygons below ``data_root``, by
            default those of the tree above that belong to ``ann_file``.
        kwargs: Arguments of :class:`MedicalDataset`.

    Raises:
        TableError: If the table has not the columns above, or a value of
            them is no number.
        FileNotFoundError: If images or polygon files are missing.
    """

    METAINFO = dict(
        classes=('background', 'functional tissue unit'),
        palette=[[0, 0, 0], [0, 158, 115]],
    )
    stratum = 'organ'
    COLUMNS = (
        'id',
        'organ',
        'data_source',
        'img_height',
        'img_width',
        'pixel_size',
        'tissue_thickness',
    )

    def __init__(
        self,
        ann_file: str = 'train.csv',
        data_root: str = 'data/hubmap',
        *,
        mask_source: str = 'rle',
        wrong_sizes: Sequence[str] = ('10078',),
        img_suffix: str = '.tiff',
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        if mask_source not in ('rle', 'polygon'):
            raise DatasetError(
                f"mask_source is 'rle' or 'polygon', got {mask_source!r}"
            )
        name = os.path.basename(ann_file)
        part = 'test' if name.startswith('test') else 'train'
        folders = dict(
            img_path=f'{part}_images', seg_map_path=f'{part}_annotations'
        )
        self.mask_source = mask_source
        self.labelled = part == 'train'
        self.wrong_sizes = frozenset(map(str, wrong_sizes))
        super().__init__(
            ann_file,
            data_root,
            img_suffix=img_suffix,
            data_prefix={**folders, **(data_prefix or {})},
            **kwargs,
        )

    def load_samples(self) -> list[dict[str, Any]]:
        needed = self.labelled and not self.test_mode
        by_rle = needed and self.mask_source == 'rle'
        columns = self.COLUMNS + ('rle',) * by_rle
        rows = [row for _, row in iter_table(self.ann_file, columns)]
        if tolerated := sum(row['id'] in self.wrong_sizes for row in rows):
            self.report(
                f'{tolerated} image(s) whose size in the table is known to '
                'be wrong: the size of the file is used'
            )
        return self.collect(rows, self._sample)

    def _sample(self, row: dict[str, str]) -> dict[str, Any]:
        name = row['id']
        sample: dict[str, Any] = dict(
            img_id=name,
            img_path=self.path_of(name, self.img_suffix),
            organ=row['organ'],
            data_source=row['data_source'],
            pixel_size=self._number(row, 'pixel_size'),
            tissue_thickness=self._number(row, 'tissue_thickness'),
            sex=row.get('sex', ''),
            age=row.get('age', ''),
            where=f'{self.ann_file} id {name}',
        )
        if name not in self.wrong_sizes:
            sample['height'] = int(self._number(row, 'img_height'))
            sample['width'] = int(self._number(row, 'img_width'))
        if self.labelled and self.mask_source == 'polygon':
            path = self.path_of(name, '.json', 'seg_map_path')
            sample['annotation_path'] = path
            sample['annotation_format'] = 'hubmap_json'
        elif 'rle' in row:
            sample.update(rle=row['rle'], rle_dialect='kaggle')
        return sample

    def _number(self, row: dict[str, str], column: str) -> float:
        try:
            value = float(row[column])
        except ValueError:
            value = -1
        if not 0 < value < math.inf:
            raise TableError(
                f'{self.ann_file} id {row["id"]}: {column} is '
                f'{row[column]!r}, expected a number above 0'
            )
        return value
