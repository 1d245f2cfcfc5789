"""UW-Madison GI tract segmentation."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.converters.image_folder import visible
from mmseg_medical.converters.table import iter_table
from mmseg_medical.datasets._paired import check_folder
from mmseg_medical.datasets._rle_rows import RunRows
from mmseg_medical.datasets.base import DatasetError, MedicalDataset
from mmseg_medical.datasets.stacks import neighbours

_DAY = re.compile(r'(case\d+)_day(\d+)')
_SLICE = re.compile(r'slice_(\d+)_(\d+)_(\d+)_(\d+\.?\d*)_(\d+\.?\d*)\.png')


@DATASETS.register_module()
class UWMadisonDataset(MedicalDataset):
    """UW-Madison GI tract 2022: bowels and stomach in MR scans.

    - Source: kaggle.com/competitions/uw-madison-gi-tract-image-segmentation
    - Licence: CC BY-NC-SA 4.0, by the competition
    - Counts: 38,496 slices of 85 cases on 1 to 5 days, 144 or 80 slices a
      day; test images are hidden
    - Format: 16-bit gray PNG of 266 x 266, 360 x 310 (width x height),
      276 x 276 or 234 x 234 pixels; masks as run lengths (rows, first pixel
      1), one row for each class of a slice, blank where there is none
    - Classes: three, which overlap
    - Spacing: 1.5 or 1.63 mm in the slice, from the name of the file; 3 mm
      between slices

    .. code-block:: none

        data_root/
        ├── train.csv            id,class,segmentation
        ├── train/case123/case123_day20/scans/
        │   └── slice_0001_266_266_1.50_1.50.png     number, width, height,
        │                                            spacing in x and y
        └── test/                the same; empty until the hidden run

    Citation: Lee et al., UW-Madison GI Tract Image Segmentation, Kaggle 2022.

    Samples carry ``case``, ``day``, ``case_day``, ``slice_index``,
    and ``spacing`` (height, width) in mm; folds keep cases whole.

    Args:
        ann_file: ``'train.csv'``; ``''`` lists the images of a tree without
            masks, as those of the test.
        data_root: Folder of the tree above.
        stack: ``dict(num=5, stride=2)`` reads that many slices of the volume
            as one image, those at -4, -2, 0, 2 and 4; beyond an end of the
            volume its last slice stands in.
        blacklist: Leave out the days that the host found to be annotated
            wrongly, :attr:`BLACKLIST`.
        data_prefix: Folder of the images below ``data_root``, by default
            ``train``, or ``test`` without ``ann_file``.
        kwargs: Arguments of :class:`MedicalDataset`. ``metainfo`` may choose
            some of the classes.

    Raises:
        TableError: If the table has not the columns above, names a class
            that the data set has not, or a slice and class twice.
        DatasetError: If a file name is not as above, slices have no rows or
            rows no image, or ``stack`` is no odd number of slices.
    """

    METAINFO = dict(
        classes=('large_bowel', 'small_bowel', 'stomach'),
        palette=[[213, 94, 0], [86, 180, 233], [0, 158, 115]],
    )
    BLACKLIST = (
        *('case7_day0', 'case9_day27', 'case13_day0', 'case34_day20'),
        *('case43_day18', 'case43_day26', 'case61_day14', 'case81_day30'),
        *('case83_day11', 'case124_day19', 'case138_day0', 'case144_day15'),
    )
    overlapping = True
    group = 'case'

    def __init__(
        self,
        ann_file: str = 'train.csv',
        data_root: str = 'data/uw_madison',
        *,
        stack: dict[str, int] | None = None,
        blacklist: bool = False,
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.stack = dict(num=1, stride=1) | (stack or {})
        count, stride = self.stack['num'], self.stack['stride']
        if len(self.stack) > 2 or count < 1 or count % 2 == 0 or stride < 1:
            raise DatasetError(
                'stack is dict(num=…, stride=…), an odd number of slices and '
                f'their distance, got {stack}'
            )
        self.blacklist = blacklist
        folder = 'train' if ann_file else 'test'
        super().__init__(
            ann_file,
            data_root,
            data_prefix=dict(img_path=folder) | (data_prefix or {}),
            **kwargs,
        )

    def load_samples(self) -> list[dict[str, Any]]:
        samples = self._stacked(list(self._slices()))
        if self.ann_file:
            samples = self._with_masks(samples)
        return samples

    def filter_data(self) -> list[dict[str, Any]]:
        """Leave the blacklist out after a split, which may know its days."""
        if self.blacklist:
            before = len(self.data_list)
            self.data_list = [
                sample
                for sample in self.data_list
                if sample['case_day'] not in self.BLACKLIST
            ]
            left = before - len(self.data_list)
            self.report(f'{left} slices of days of the blacklist left out')
        return super().filter_data()

    def _slices(self) -> Iterator[dict[str, Any]]:
        """Find the images, in the order of case, day and slice."""
        root = self.data_prefix['img_path']
        check_folder(root)
        strange = []
        for folder in sorted(Path(root).glob('case*/*/scans')):
            day = _DAY.fullmatch(folder.parent.name)
            for name in (entry.name for entry in visible(folder)):
                found = _SLICE.fullmatch(name)
                if day and found:
                    yield self._sample(folder, name, day, found)
                else:
                    strange.append(f'{folder}/{name}')
        self.leave_out(
            strange,
            'files whose names are not those of slices',
            'expected case1_day2/scans/slice_0001_266_266_1.50_1.50.png',
        )

    @staticmethod
    def _sample(
        folder: Path, name: str, day: re.Match[str], found: re.Match[str]
    ) -> dict[str, Any]:
        number, width, height, across, down = found.groups()
        return dict(
            img_id=f'{day[0]}_slice_{number}',
            img_path=f'{folder}/{name}',
            width=int(width),
            height=int(height),
            case=day[1],
            day=int(day[2]),
            case_day=day[0],
            slice_index=int(number),
            spacing=(float(down), float(across)),
        )

    def _stacked(self, samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add the neighbours of each slice, clamped within its volume."""
        if self.stack['num'] == 1:
            return samples
        volumes: dict[str, list[str]] = defaultdict(list)
        for sample in samples:
            volumes[sample['case_day']].append(sample['img_path'])
        seen: Counter[str] = Counter()
        for sample in samples:
            volume, at = volumes[sample['case_day']], seen[sample['case_day']]
            seen[sample['case_day']] += 1
            sample['img_path'] = neighbours(volume, at, **self.stack)
        return samples

    def _with_masks(
        self, samples: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Give each slice the run lengths of its classes."""
        columns = ('id', 'class', 'segmentation')
        masks = RunRows(
            iter_table(self.ann_file, columns),
            self.ann_file,
            **dict(zip(('key', 'label', 'rle'), columns, strict=True)),
            dialect='kaggle_row',
            unique=True,
            skipped=self.skipped,
        )
        masks.check_classes(self.METAINFO['classes'])
        for sample in samples:
            name = sample['img_id']
            if name in masks.texts:
                sample.update(
                    rle=masks.of(name, self.metainfo['classes']),
                    rle_dialect='kaggle_row',
                    where=f'{self.ann_file} id {name}',
                )
        ids = {sample['img_id'] for sample in samples}
        self.leave_out(
            sorted(masks.texts.keys() - ids),
            'ids of the table without an image',
            'unpack the archive again',
            error=FileNotFoundError,
        )
        self.leave_out(
            sorted(ids - masks.texts.keys() - masks.refused),
            'images without a row in the table',
            "read them by ann_file='' and data_prefix",
        )
        return [s for s in samples if 'rle' in s]
