"""The table per image of a test, read back as the counts that made it."""

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical.converters.table import read_table
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    AREAS,
    counts_of,
    dice,
    sensitivity,
    specificity,
)
from mmseg_medical.evaluation.metrics.overlap_metric import SCORES
from mmseg_medical.postprocessing.objective import objective

FloatArray = NDArray[np.float64]
Terms = tuple[FloatArray, FloatArray]

# Scores of a page, by the names of :class:`OverlapMetric`.
ON_PAGE = (
    *('dice_per_image', 'dice_per_image_positives', 'dice_pooled'),
    *('iou_per_image', 'sensitivity_per_image', 'specificity_per_image'),
)


@dataclasses.dataclass(frozen=True)
class Cases:
    """Counts of the images of a test, and what is known of them.

    Attributes:
        ids: Id of each of the n images.
        labels: Names of the K classes that have scores.
        counts: (n, K, 4) int64 true positives, false positives, false
            negatives, true negatives.
        empty: Dice and IoU where mask and prediction are both empty; nan
            leaves such images out.
        meta: Other columns, each with a text per image.
    """

    ids: list[str]
    labels: list[str]
    counts: NDArray[np.int64]
    empty: float
    meta: dict[str, list[str]]

    @classmethod
    def read(
        cls, path: str | os.PathLike[str], *, label: str = 'foreground'
    ) -> 'Cases':
        """Read the ``per_image.csv`` of :class:`OverlapMetric`.

        Args:
            path: File to read.
            label: Name of the class where there is a single one.

        Raises:
            FileNotFoundError: If there is no such file.
            InputError: If it has no rows, lacks a column, or a row is not
                what the metric writes; the message names it.
        """
        rows = read_table(path, ['id'], key='id')
        if not rows:
            raise InputError(f'{path} has no rows; nothing was tested')
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        found = _by_name(columns, 'mask_area')
        missing = [
            f'{name}/{key}' if key else name
            for name in AREAS
            for key in found or ['']
            if key not in _by_name(columns, name)
        ]
        if missing:
            raise InputError(
                f'{path} has no column {missing[0]!r}, as OverlapMetric '
                'writes it; test again with this version:  tools/test.py '
                f'CONFIG CHECKPOINT --work-dir {os.path.dirname(path) or "."}'
            )
        areas = {name: _whole(path, columns, name, found) for name in AREAS}
        try:
            counts = counts_of(areas)
        except ValueError as error:
            raise InputError(f'{path}: {error}; was it edited?') from None
        heads = {*SCORES, *AREAS, 'id'}
        meta = {
            name: cells
            for name, cells in columns.items()
            if name.split('/')[0] not in heads
        }
        return cls(
            columns['id'],
            [key or label for key in found],
            counts,
            _empty(columns, found, counts),
            meta,
        )

    @classmethod
    def joined(cls, parts: dict[str, 'Cases'], key: str) -> 'Cases':
        """Images of several tests, with the name of theirs as metadata.

        Args:
            parts: Images of each test by its name.
            key: Name of the new column.

        Raises:
            InputError: If two tests have an image in common, or differ in
                their classes.
        """
        first = next(iter(parts.values()))
        seen: dict[str, str] = {}
        for name, part in parts.items():
            if part.labels != first.labels:
                raise InputError(
                    f'{name} has the classes {part.labels}, '
                    f'{next(iter(parts))} has {first.labels}'
                )
            for img_id in part.ids:
                if img_id in seen:
                    raise InputError(
                        f'image {img_id!r} is in {seen[img_id]} and in '
                        f'{name}: no image belongs to two folds'
                    )
                seen[img_id] = name
        keys = dict.fromkeys(k for part in parts.values() for k in part.meta)
        meta = {
            k: [
                text
                for part in parts.values()
                for text in part.meta.get(k, [''] * len(part.ids))
            ]
            for k in keys
        }
        return cls(
            list(seen),
            first.labels,
            np.concatenate([part.counts for part in parts.values()]),
            first.empty,
            {**meta, key: list(seen.values())},
        )

    def some(self, rows: Sequence[int]) -> 'Cases':
        """Some of the images, by their numbers."""
        return dataclasses.replace(
            self,
            ids=[self.ids[k] for k in rows],
            counts=self.counts[list(rows)],
            meta={
                name: [cells[k] for k in rows]
                for name, cells in self.meta.items()
            },
        )

    @property
    def dice(self) -> FloatArray:
        """(n, K) Dice of each image; nan where it does not count."""
        return dice(self.counts, empty=self.empty)

    @property
    def has_mask(self) -> NDArray[np.bool_]:
        """(n, K) whether the mask of an image has the class."""
        return self.counts[..., 0] + self.counts[..., 2] > 0

    def terms(self, name: str) -> Terms:
        """Numerators and denominators (n, K) of a score.

        Args:
            name: One of :data:`ON_PAGE`.
        """
        ratios = dict(
            sensitivity_per_image=sensitivity,
            specificity_per_image=specificity,
        )
        if name in ratios:
            values = ratios[name](self.counts)
            counted = ~np.isnan(values)
            return np.where(counted, values, 0), counted.astype(np.float64)
        whole = name.removesuffix('_positives')
        empty = None if np.isnan(self.empty) else self.empty
        parts, wholes = objective(whole, empty=empty).terms(self.counts)
        if whole == name:
            return parts, wholes
        return parts * self.has_mask, wholes * self.has_mask

    def groups(self, most: int = 30) -> dict[str, list[str]]:
        """Columns whose values are shared by several images.

        Args:
            most: Columns of more values are left out.
        """
        found = {}
        for name, cells in self.meta.items():
            values = set(cells)
            if 1 < len(values) <= min(most, len(cells) - 1):
                found[name] = cells
        return found


def _by_name(columns: dict[str, Any], name: str) -> list[str]:
    """Classes that a column ``name/<class>`` has; '' for one alone."""
    return [
        column[len(name) + 1 :]
        for column in columns
        if column.split('/')[0] == name
    ]


def _whole(
    path: Any, columns: dict[str, list[str]], name: str, labels: list[str]
) -> NDArray[np.int64]:
    """(n, K) numbers of the columns of a name."""
    table = []
    for label in labels:
        column = f'{name}/{label}' if label else name
        try:
            table.append([int(cell) for cell in columns[column]])
        except ValueError as error:
            raise InputError(
                f'{path}: column {column!r} has a cell that is no number of '
                f'pixels ({error})'
            ) from None
    return np.array(table, np.int64).T


def _empty(
    columns: dict[str, list[str]],
    labels: list[str],
    counts: NDArray[np.int64],
) -> float:
    """What the metric gave images without mask and prediction."""
    for name in ('dice', 'iou'):
        for k, label in enumerate(labels):
            column = columns.get(f'{name}/{label}' if label else name)
            nothing = np.flatnonzero(~counts[:, k, :3].any(1))
            if column and nothing.size:
                return float(column[nothing[0]])
    return 1.0
