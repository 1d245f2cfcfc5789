"""Nuclei in stained tissue: CodaLab, DSB2018 and MoNuSeg."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.converters._json import read_json
from mmseg_medical.converters._mask_files import mask_files
from mmseg_medical.converters.image_folder import visible
from mmseg_medical.converters.object_masks import missing_numbers
from mmseg_medical.datasets._paired import check_folder, first_there, stem_of
from mmseg_medical.datasets.annotations import AnnotationDataset
from mmseg_medical.datasets.base import DatasetError
from mmseg_medical.errors import InputError


@DATASETS.register_module()
class NucleiDataset(AnnotationDataset):
    """Nuclei that are known one by one: CodaLab, DSB2018 and MoNuSeg.

    - Source: CodaLab 333 (NYCU VRDL 2021);
      kaggle.com/competitions/data-science-bowl-2018 (BBBC038);
      monuseg.grand-challenge.org
    - Licence: BBBC038 CC0 1.0, MoNuSeg CC BY-NC-SA 4.0
    - Counts: CodaLab 24 train images with 14,598 nuclei, 6 of the test;
      DSB2018 670 train images; MoNuSeg 30 and 14 images, 21,623 nuclei
    - Format: RGB (DSB2018: RGBA) PNG with a PNG of 0 and 255 per nucleus;
      MoNuSeg RGB TIFF with the XML of Aperio ImageScope; 1000 x 1000, DSB2018
      of several sizes
    - Classes: one; 294 to 1,862 nuclei in an image of CodaLab, median
      diameter 18.5 pixels
    - Submission: CodaLab takes COCO run lengths per nucleus, for the
      ``image_id`` of ``test_img_ids.json``

    .. code-block:: none

        data_root/                              CodaLab and DSB2018: 'masks'
        ├── train/<id>/images/<id>.png          or stage1_train
        ├── train/<id>/masks/mask_0001.png …    or any other names
        ├── test/<id>.png                       or <id>/images/<id>.png
        └── test_img_ids.json                   file_name, height, width, id
        data_root/                              MoNuSeg: 'aperio'
        ├── Tissue Images/<id>.tif
        └── Annotations/<id>.xml
        data_root/                              'coco'
        ├── instances.json                      the ann_file
        └── images/…

    Citation: Kumar et al., IEEE TMI 39 (2020); Caicedo et al., Nature Methods
    16 (2019).

    The mask is all nuclei together. Paths of the masks of single nuclei
    travel with the sample as ``object_paths``; each worker reads them once
    and keeps the runs of 256 images. Numbers that are missing among them, and
    hidden files as ``.ipynb_checkpoints``, are counted.

    Args:
        ann_file: COCO file; or ``test_img_ids.json``, of images alone.
        data_root: Folder of one of the trees above.
        annotation_format: ``'masks'``, or one of :class:`AnnotationDataset`.
        data_prefix: Folder of the images, ``img_path``, and of the XML,
            ``seg_map_path``, by default ``train``, ``test`` or those above.
        kwargs: Arguments of :class:`AnnotationDataset`; ``metainfo`` may have
            classes that a pipeline makes, as borders.

    Raises:
        FileNotFoundError: If a folder is missing.
        DatasetError: If an image has no masks, or masks no image, or two, or
            ``test_img_ids.json`` is none.
        InputError: If the file of all images cannot be read.
    """

    METAINFO = dict(
        classes=('background', 'nucleus'), palette=[[0, 0, 0], [230, 159, 0]]
    )
    labels: Mapping[str, Any] = {'*': 'nucleus'}
    PER_IMAGE = AnnotationDataset.PER_IMAGE | {'masks': ()}
    FOLDERS = dict(
        aperio=dict(img_path='Tissue Images', seg_map_path='Annotations'),
        coco=dict(img_path='images'),
    )

    def __init__(
        self,
        ann_file: str = '',
        data_root: str = 'data/nuclei',
        *,
        annotation_format: str = 'masks',
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        if data_prefix is None:
            data_prefix = self.FOLDERS.get(annotation_format)
            if annotation_format == 'masks':
                names = ('test',) if ann_file else ('train', 'stage1_train')
                data_prefix = dict(img_path=first_there(data_root, names))
        super().__init__(
            ann_file,
            data_root,
            annotation_format=annotation_format,
            data_prefix=data_prefix,
            **kwargs,
        )

    @classmethod
    def get_label_map(cls, new_classes: Any = None) -> None:
        """None: objects have names; ``metainfo`` may add what is made of them.

        :class:`GenerateBorderMap` makes the class of their borders.
        """

    def load_samples(self) -> list[dict[str, Any]]:
        if self.annotation_format != 'masks':
            return super().load_samples()
        if self.ann_file:
            return self._of_test()
        root = Path(self.data_prefix['img_path'])
        check_folder(root)
        entries = list(visible(root))
        trees = [Path(entry.path) for entry in entries if entry.is_dir()]
        if hidden := len([*root.glob('.*'), *root.glob('*/*/.*')]):
            self.report(f'{hidden} hidden files or folders are passed over')
        if not any({'images', 'masks'} & {*os.listdir(t)} for t in trees):
            return list(self.list_images().values())
        if loose := len(entries) - len(trees):
            self.report(f'{loose} files beside the folders are not used')
        return self._of_trees(trees)

    def _of_trees(self, trees: list[Path]) -> list[dict[str, Any]]:
        """One image per folder, with the masks beside it."""
        samples, several, bare, gaps = [], [], [], {}
        for folder in trees:
            names = {*os.listdir(folder)}
            images = visible(folder / 'images') if 'images' in names else ()
            images = [
                entry.path
                for entry in images
                if stem_of(entry.name, self.img_suffix)
            ]
            masks = mask_files(folder / 'masks') if 'masks' in names else []
            if len(images) != 1:
                several.append(f'{folder.name} ({len(images)})')
                continue
            sample: dict[str, Any] = dict(
                img_id=folder.name, img_path=images[0]
            )
            if masks:
                sample['object_paths'] = [*map(str, masks)]
            else:
                bare.append(folder.name)
            gaps[folder.name] = len(missing_numbers(masks))
            samples.append(sample)
        self.leave_out(
            several, 'folders that have not one image', 'expected images/<id>'
        )
        if len(bare) < len(samples):  # else they are those of a test
            self.leave_out(
                bare, 'images without masks', 'unpack the archive again'
            )
            samples = [s for s in samples if 'object_paths' in s]
        if missing := {name: n for name, n in gaps.items() if n}:
            self.report(
                f'{sum(missing.values())} numbers are missing among the masks '
                f'of {", ".join(missing)}'
            )
        return samples

    def _of_test(self) -> list[dict[str, Any]]:
        """Images of a JSON list of file names and numbers."""

        def sample_of(entry: dict[str, Any]) -> dict[str, Any]:
            return dict(
                img_id=PurePath(entry['file_name']).stem,
                img_path=self.path_of(entry['file_name']),
                image_id=int(entry['id']),
                height=int(entry['height']),
                width=int(entry['width']),
            )

        try:
            return self.collect(read_json(self.ann_file), sample_of)
        except InputError:
            raise
        except (TypeError, KeyError, ValueError) as error:
            raise DatasetError(
                f'{self.ann_file}: expected a list of file_name, height, '
                f'width and id ({error}); is it test_img_ids.json?'
            ) from None
