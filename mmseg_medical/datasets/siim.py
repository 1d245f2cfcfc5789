"""SIIM-ACR pneumothorax segmentation."""

from pathlib import PurePath
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.converters.table import iter_table
from mmseg_medical.datasets._paired import files_below, stem_of
from mmseg_medical.datasets._rle_rows import RunRows
from mmseg_medical.datasets.base import MedicalDataset

_COLUMNS = ('ImageId', 'EncodedPixels')


@DATASETS.register_module()
class SIIMDataset(MedicalDataset):
    """SIIM-ACR 2019: pneumothorax in chest radiographs.

    - Source: kaggle.com/competitions/siim-acr-pneumothorax-segmentation
    - Licence: of the competition; images are those of NIH ChestX-ray14
    - Counts: stage 1 has 10,675 train images (2,379 with a pneumothorax) and
      1,377 of the test, of which stage 2 labels 1,372 (290); stage 2 has
      12,047 labelled images (2,669) and 3,205 of the test
    - Format: DICOM of 8 bits in JPEG, 1024 x 1024; masks as run lengths
      (columns, gaps between runs), a row per object, ``-1`` where there is
      none
    - Classes: one, the pneumothorax

    .. code-block:: none

        data_root/
        ├── train-rle.csv                    ImageId, EncodedPixels
        ├── dicom-images-train/<study>/<series>/<ImageId>.dcm
        ├── dicom-images-test/<study>/<series>/<ImageId>.dcm
        ├── sample_submission.csv            ids alone, repeated
        ├── stage_2_train.csv                ImageId,EncodedPixels
        ├── stage_2_sample_submission.csv
        └── stage_2_images/<ImageId>.dcm

    Citation: SIIM-ACR Pneumothorax Segmentation, Kaggle 2019; Wang et al.,
    ChestX-ray8, CVPR 2017.

    Several rows of an image are one mask. Images are searched for in all
    folders below, by the name of their file; those without a row are counted,
    as the five of stage 1 that were never labelled. Samples carry ``empty``,
    which folds spread evenly.

    Args:
        ann_file: ``'train-rle.csv'`` or ``'stage_2_train.csv'``, with or
            without its header; of a table of sample submissions the ids
            alone are taken.
        data_root: Folder of the tree above.
        img_suffix: Suffix of the images, as ``'.png'`` where they were
            converted.
        kwargs: Arguments of :class:`MedicalDataset`; ``data_prefix`` may
            narrow the search for images.

    Raises:
        TableError: If the table has not the columns above, or an image is
            both empty and not.
        DatasetError: If two files have the name of one image.
        FileNotFoundError: If an image of the table is missing.
    """

    METAINFO = dict(
        classes=('background', 'pneumothorax'),
        palette=[[0, 0, 0], [213, 94, 0]],
    )
    stratum = 'empty'

    def __init__(
        self,
        ann_file: str = 'train-rle.csv',
        data_root: str = 'data/siim_acr',
        *,
        img_suffix: str = '.dcm',
        **kwargs: Any,
    ) -> None:
        self.labelled = 'sample_submission' not in PurePath(ann_file).name
        super().__init__(ann_file, data_root, img_suffix=img_suffix, **kwargs)

    def load_samples(self) -> list[dict[str, Any]]:
        rows = list(iter_table(self.ann_file, _COLUMNS, bare=_COLUMNS))
        if not self.labelled:  # their masks are placeholders
            rows = [(k, row | {'EncodedPixels': '-1'}) for k, row in rows]
        masks = RunRows(
            rows,
            self.ann_file,
            key='ImageId',
            rle='EncodedPixels',
            dialect='siim',
            skipped=self.skipped,
        )
        images = self._images()
        ids = list(masks.texts)
        self.leave_out(
            [name for name in ids if name not in images],
            'ids of the table without an image',
            f'expected <id>{self.img_suffix} below {self.data_root}; unpack '
            'the archive again',
            error=FileNotFoundError,
        )
        if others := len(images.keys() - masks.texts.keys() - masks.refused):
            self.report(f'{others} images have no row in it and are not used')
        if len(rows) > len(ids):
            self.report(
                f'{len(rows)} rows of {len(ids)} images: objects of an image '
                'are one mask'
            )
        return [
            self._sample(name, images[name], masks)
            for name in ids
            if name in images
        ]

    def _images(self) -> dict[str, str]:
        """Path of each image by its id."""
        root = self.data_prefix.get('img_path') or self.data_root
        found: dict[str, str] = {}
        twice = []
        for name in files_below(root):
            stem = stem_of(PurePath(name).name, self.img_suffix)
            path = f'{root}/{name}'
            if stem and found.setdefault(stem, path) != path:
                twice.append(name)
        self.leave_out(
            twice,
            'images that are there twice',
            'name the folder that counts by data_prefix=dict(img_path=…)',
        )
        return found

    def _sample(self, name: str, path: str, masks: RunRows) -> dict[str, Any]:
        sample: dict[str, Any] = dict(img_id=name, img_path=path)
        if self.labelled:
            sample['rle'] = masks.of(name, [''])
            sample['rle_dialect'] = 'siim'
            sample['empty'] = not masks.texts[name]['']
            sample['where'] = f'{self.ann_file} {name}'
        return sample
