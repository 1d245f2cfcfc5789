"""What all metrics share: from samples to a few numbers per image."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from mmseg_medical._files import replacing
from mmseg_medical.converters.table import write_table
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.errors import InputError

Labels = NDArray[Any]
Mask = NDArray[np.bool_]


class MedicalMetric(BaseMetric):
    """Base of metrics that keep something small of each image.

    :meth:`measure` turns the prediction and the mask of an image into what
    :meth:`score` needs; nothing else is kept or sent between processes, so
    that memory does not depend on the size of the images. Samples come back
    in the order of the data set, whichever process saw them.

    Classes that exclude each other come as one plane of class indices, of
    which index 0 is the background and has no score. Overlapping classes
    come as one plane of 0 and 1 each, and all of them have scores.

    Args:
        ignore_index: Label of pixels to leave out.
        csv_file: File for a table with one row per image: id, scores, and
            what the data set knows of the image.
        results_file: File for what was measured of each image, from which
            :meth:`pool` scores several tests as one.
        collect_device: ``'cpu'`` or ``'gpu'``, for several processes.
        prefix: Put before the names of all scores.

    Raises:
        InputError: If a sample has no mask, labels do not fit, or there is
            no sample at all; the message names the image.
    """

    # Metadata that is written to the table, where a sample has it.
    META = ('organ', 'data_source', 'pixel_size', 'stain_normalized')
    # Classes of what :meth:`measure` returns, beside arrays and numbers.
    MEASURED: tuple[type, ...] = ()

    def __init__(
        self,
        *,
        ignore_index: int = 255,
        csv_file: str | None = None,
        results_file: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.ignore_index = ignore_index
        self.csv_file = csv_file
        self.results_file = results_file

    @abstractmethod
    def measure(
        self, pred: Labels, gt: Labels, sample: dict[str, Any]
    ) -> object:
        """Reduce one image to what its scores need.

        Args:
            pred: (H, W) class indices, or (C, H, W) of 0 and 1.
            gt: Of the same kind; ``ignore_index`` where it is unknown.
            sample: Metadata by name.

        Raises:
            ValueError: If something does not fit; the image is named by the
                caller.
        """

    @abstractmethod
    def score(
        self,
        names: list[str],
        measured: list[Any],
        metas: list[dict[str, Any]],
    ) -> dict[str, float]:
        """Score the whole data set, on the main process.

        Args:
            names: Id of each image.
            measured: What :meth:`measure` returned for it.
            metas: Its metadata, as far as :meth:`meta_keys` names it.

        Returns:
            Scores by name.
        """

    @property
    def meta_keys(self) -> tuple[str, ...]:
        """Metadata to keep of each image."""
        return self.META

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of all classes of the data set, with the background."""
        return tuple(self.dataset_meta['classes'])

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Measure one batch; see ``BaseMetric.process``."""
        for sample in data_samples:
            name = str(sample.get('img_id', sample.get('img_path', '?')))
            try:
                measured = self.measure(*self.labels(sample), sample)
            except ValueError as error:
                raise InputError(f'image {name!r}: {error}') from None
            meta = {k: sample[k] for k in self.meta_keys if k in sample}
            self.results.append((name, measured, meta))

    def labels(self, sample: dict[str, Any]) -> tuple[Labels, Labels]:
        """Prediction and mask of a sample.

        Raises:
            ValueError: If the sample has not what is compared.
        """
        if 'gt_sem_seg' not in sample:
            raise ValueError(
                'no mask to compare with: the pipeline has no LoadMaskRegion, '
                'or the table no masks; test without an evaluator by  '
                '--cfg-options test_evaluator=[]'
            )
        pred: Labels = sample['pred_sem_seg']['data'].cpu().numpy()
        gt: Labels = sample['gt_sem_seg']['data'].cpu().numpy()
        if len(self.classes) > 1 and len(pred) == len(gt) == 1:
            pred, gt = pred[0], gt[0]
        return pred, gt

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Score all images; see ``BaseMetric.compute_metrics``."""
        if not results:
            raise InputError(
                f'{type(self).__name__} has seen no image; is the data set, '
                'or its split, empty?'
            )
        if self.results_file:
            kept = dict(results=results, classes=self.classes)
            with replacing(self.results_file) as temporary:
                torch.save(kept, temporary)
        names, measured, metas = map(list, zip(*results, strict=True))
        return self.score(names, measured, metas)

    def pool(
        self, files: Sequence[str | os.PathLike[str]]
    ) -> dict[str, float]:
        """Score what several tests have measured as if it were one test.

        Args:
            files: The ``results_file`` of each test.

        Returns:
            Scores by name, with the prefix of this metric.

        Raises:
            CheckpointError: If a file is missing its end, or is none.
            InputError: If two tests have an image in common, or differ in
                their classes.
        """
        results: list[Any] = []
        seen: dict[str, Any] = {}
        for path in files:
            kept = load_checkpoint(path, classes=self.MEASURED)
            classes = tuple(kept['classes'])
            self.dataset_meta = self.dataset_meta or dict(classes=classes)
            if classes != self.classes:
                raise InputError(
                    f'{path} has the classes {classes}, {files[0]} has '
                    f'{self.classes}'
                )
            for name, *_ in kept['results']:
                if name in seen:
                    raise InputError(
                        f'image {name!r} is in {seen[name]} and in {path}: '
                        'no image belongs to two folds'
                    )
                seen[name] = path
            results += kept['results']
        scores = self.compute_metrics(results)
        prefix = f'{self.prefix}/' if self.prefix else ''
        return {f'{prefix}{name}': value for name, value in scores.items()}

    def masks(self, labels: Labels) -> Iterator[Mask]:
        """Yield the mask of each class that has scores.

        Args:
            labels: (H, W) class indices, or (C, H, W) of 0 and 1.

        Raises:
            ValueError: If there is not one plane per class.
        """
        if labels.ndim == 2:
            yield from (labels == c for c in range(1, len(self.classes)))
        elif len(labels) != len(self.classes):
            raise ValueError(
                f'{len(labels)} planes for {len(self.classes)} classes '
                f'({", ".join(self.classes)})'
            )
        else:
            yield from (plane == 1 for plane in labels)

    def write(
        self,
        names: Sequence[str],
        columns: dict[str, Sequence[object]],
        metas: Sequence[dict[str, Any]],
    ) -> None:
        """Write the table, if there shall be one.

        Args:
            names: Id of each row.
            columns: Cells of each column by its name; floats are rounded to
                six digits.
            metas: Metadata of each row.
        """
        if not self.csv_file:
            return
        keys = [k for k in self.meta_keys if any(k in meta for meta in metas)]
        rows = (
            [name, *map(_cell, cells), *(meta.get(k, '') for k in keys)]
            for name, meta, *cells in zip(
                names, metas, *columns.values(), strict=True
            )
        )
        write_table(self.csv_file, ['id', *columns, *keys], rows)


def _cell(value: object) -> object:
    return f'{value:.6f}' if isinstance(value, float) else value
