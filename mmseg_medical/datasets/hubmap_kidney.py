"""HuBMAP 2021: glomeruli in whole slides of the kidney."""

from pathlib import Path
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.converters.table import iter_table, read_table
from mmseg_medical.datasets.base import DatasetError, MedicalDataset


@DATASETS.register_module()
class HuBMAPKidneyDataset(MedicalDataset):
    """HuBMAP 2021, Hacking the Kidney: glomeruli in whole slides.

    - Source: kaggle.com/competitions/hubmap-kidney-segmentation
    - Licence: of the competition; HuBMAP data CC BY 4.0
    - Counts: 20 slides (11 fresh frozen, 9 in paraffin), some of them for
      training
    - Format: 8-bit RGB TIFF of a whole slide, channels first or last or as
      pages; masks as run lengths (columns, first pixel 1)
    - Classes: one, the glomerulus
    - Staining: periodic acid-Schiff (PAS)

    .. code-block:: none

        data_root/
        ├── train.csv                           id,encoding
        ├── train/<id>.tiff
        ├── HuBMAP-20-dataset_information.csv   image_file, patient_number …
        ├── sample_submission.csv               id,predicted
        └── test/<id>.tiff

    Citation: Jain et al., Communications Biology 6, 717 (2023).

    Windows of slides are read by :class:`ChooseRandomRegion`. Samples carry
    ``patient`` where the table of information is there, which then has to
    know all slides, and folds keep patients whole.

    Args:
        ann_file: ``'train.csv'``, or ``'sample_submission.csv'`` for the ids
            of the test.
        data_root: Folder of the tree above.
        img_suffix: Suffix of the slides.
        data_prefix: Folder of the slides, by default the one of the tree
            above that belongs to ``ann_file``.
        kwargs: Arguments of :class:`MedicalDataset`.

    Raises:
        TableError: If the table has not the columns above.
        DatasetError: If the patient of a slide is not known.
        FileNotFoundError: If slides are missing.
    """

    METAINFO = dict(
        classes=('background', 'glomerulus'),
        palette=[[0, 0, 0], [0, 158, 115]],
    )
    INFORMATION = 'HuBMAP-20-dataset_information.csv'

    def __init__(
        self,
        ann_file: str = 'train.csv',
        data_root: str = 'data/hubmap_kidney',
        *,
        img_suffix: str = '.tiff',
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.labelled = 'sample_submission' not in Path(ann_file).name
        folder = 'train' if self.labelled else 'test'
        super().__init__(
            ann_file,
            data_root,
            img_suffix=img_suffix,
            data_prefix=dict(img_path=folder) | (data_prefix or {}),
            **kwargs,
        )

    def load_samples(self) -> list[dict[str, Any]]:
        patients = self._patients()
        self.group = 'patient' if patients else ''

        def sample_of(row: dict[str, str]) -> dict[str, Any]:
            name = row['id']
            where = f'{self.ann_file} id {name}'
            path = self.path_of(name, self.img_suffix)
            sample = dict(img_id=name, img_path=path, where=where)
            if self.labelled:
                sample.update(rle=row['encoding'], rle_dialect='kaggle')
            if patients and name not in patients:
                raise DatasetError(
                    f'{where}: {self.INFORMATION} does not know its patient; '
                    'add the slide, or remove that table to do without'
                )
            if patients:
                sample['patient'] = patients[name]
            return sample

        columns = ('id', 'encoding') if self.labelled else ('id',)
        rows = (row for _, row in iter_table(self.ann_file, columns))
        return self.collect(rows, sample_of)

    def _patients(self) -> dict[str, str]:
        path = Path(self.data_root, self.INFORMATION)
        if not path.is_file():
            return {}
        rows = read_table(path, ('image_file', 'patient_number'))
        return {
            Path(row['image_file']).stem: row['patient_number'] for row in rows
        }
