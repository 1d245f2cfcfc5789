"""AI CUP 2022: spread of lung tumours through air spaces."""

from collections.abc import Mapping
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.datasets._paired import first_there
from mmseg_medical.datasets.annotations import AnnotationDataset
from mmseg_medical.datasets.base import DatasetError


@DATASETS.register_module()
class STASDataset(AnnotationDataset):
    """AI CUP 2022 STAS: spread through air spaces in lung adenocarcinoma.

    - Source: AI CUP 2022, part II; tbrain.trendmicro.com.tw, competition 22
    - Licence: of the competition
    - Counts: 1,053 train images, 131 public and 184 private test images
    - Format: RGB JPEG of 1716 x 942 pixels (width x height); LabelMe JSON of
      versions 3.16 to 4.6 with 1 to 24 polygons of float points
    - Classes: one; 0.08 to 37 % of an image, median 0.95 %, never none
    - Submission: a PNG of 0 and 255 per image

    .. code-block:: none

        data_root/
        ├── SEG_Train_Datasets/
        │   ├── Train_Images/00000000.jpg …
        │   └── Train_Annotations/00000000.json …    or Train_Annotations_SEG
        ├── Public_Image/Public_00000000.jpg …
        └── Private_Image/Private_00000000.jpg …     or Pravite_Image1/Image

    ``SEG_Train_Datasets`` may itself be the ``data_root``.

    Citation: AI CUP 2022, Competition on Segmentation of STAS in Histologic
    Images of Lung Cancer.

    Args:
        data_root: Folder of the tree above.
        subset: ``'train'``, ``'public'`` or ``'private'``; the latter two
            have no annotations.
        labels: Classes by the labels of the files; by default all are STAS.
        data_prefix: Folders ``img_path`` and ``seg_map_path``, where they
            are named otherwise.
        kwargs: Arguments of :class:`AnnotationDataset`.

    Raises:
        DatasetError: If the subset is unknown, or an image has no
            annotations.
        FileNotFoundError: If there is no such folder.
    """

    METAINFO = dict(
        classes=('background', 'STAS'), palette=[[0, 0, 0], [204, 121, 167]]
    )
    labels: Mapping[str, Any] = {'*': 'STAS'}
    # Names that the folders have in copies of the data.
    IMAGES = dict(
        train=('Train_Images',),
        public=('Public_Image',),
        private=('Private_Image', 'Pravite_Image1/Image'),
    )
    ANNOTATIONS = ('Train_Annotations', 'Train_Annotations_SEG')

    def __init__(
        self,
        data_root: str = 'data/stas',
        *,
        subset: str = 'train',
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        if subset not in self.IMAGES:
            raise DatasetError(
                f'subset is one of {tuple(self.IMAGES)}, got {subset!r}'
            )
        if data_prefix is None:
            data_prefix = dict(img_path=_there(data_root, self.IMAGES[subset]))
            if subset == 'train':
                data_prefix['seg_map_path'] = _there(
                    data_root, self.ANNOTATIONS
                )
        super().__init__('', data_root, data_prefix=data_prefix, **kwargs)


def _there(root: str, names: tuple[str, ...]) -> str:
    """The name that a folder has; the first, where there is none."""
    parents = ('SEG_Train_Datasets/', '')
    return first_there(root, [p + name for p in parents for name in names])
