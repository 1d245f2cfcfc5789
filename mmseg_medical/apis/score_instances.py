"""Scores of instances from files of any format, as of a submission."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mmseg_medical.converters.formats import get_format
from mmseg_medical.converters.image_folder import PathLike
from mmseg_medical.converters.label_map import runs_of
from mmseg_medical.converters.recognise import recognise
from mmseg_medical.converters.record import Record
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import object_overlaps
from mmseg_medical.evaluation.metrics import InstanceMetric


@dataclasses.dataclass(frozen=True)
class Source:
    """Annotations of a data set.

    Attributes:
        path: File or folder.
        format: Name of its format; None finds it out.
        options: Arguments of the reader of the format.
    """

    path: PathLike
    format: str | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def read(self) -> Iterator[Record]:
        """Read the images; errors as those of the format."""
        chosen = (
            get_format(self.format) if self.format else recognise(self.path)
        )
        return chosen.read(self.path, **self.options)


def score_instances(
    true: Source,
    pred: Source,
    *,
    types: Sequence[str] = (),
    progress: Callable[[], None] | None = None,
    **options: Any,
) -> dict[str, float]:
    """Score the objects of one file against those of another.

    Objects may lie over each other, as those of COCO results. Found objects
    without a score count as sure, 1.

    Args:
        true: True objects; those of a crowd are refused.
        pred: Found objects, of the same images.
        types: Labels to score each for itself as well.
        progress: Called for each image.
        options: Arguments of :class:`InstanceMetric`.

    Returns:
        Scores by name, as those of :class:`InstanceMetric`.

    Raises:
        InputError: If an image is in one of the files alone, sizes differ or
            are not known, or an object is a crowd or of no type.
        FileNotFoundError: If there is no such file.
    """
    metric = InstanceMetric(types=types, **options)
    metric.dataset_meta = dict(classes=('background', *types))
    found: dict[str, Record] = {}
    for record in pred.read():
        name = _name(record)
        if name in found:
            raise InputError(f'{pred.path}: two images are named {name!r}')
        found[name] = record
    for record in true.read():
        name = _name(record)
        if name not in found:
            raise InputError(f'{pred.path} has nothing of image {name!r}')
        measured = _measure(record, found.pop(name), types)
        metric.results.append((name, measured, {}))
        if progress:
            progress()
    if found:
        raise InputError(
            f'{pred.path} has {len(found)} images that {true.path} does not '
            f'know, first {min(found)!r}'
        )
    return metric.compute_metrics(metric.results)


def _name(record: Record) -> str:
    return record.img_id.rpartition('/')[2]


def _measure(true: Record, pred: Record, types: Sequence[str]) -> Any:
    """What :meth:`InstanceMetric.measure` says of an image."""
    sides, labels = [], []
    shape = true.shape or pred.shape
    for record in (true, pred):
        known = dataclasses.replace(record, shape=record.shape or shape)
        objects = [runs_of(known, one) for one in record.annotations]
        there = [k for k, runs in enumerate(objects) if runs.starts.size]
        kept = [record.annotations[k] for k in there]
        if any(one.properties.get('iscrowd') for one in kept):
            raise InputError(
                f'{record.img_id} has objects that are crowds (iscrowd): they '
                'are no instances'
            )
        unknown = {one.label for one in kept} - {*types}
        if types and unknown:
            raise InputError(
                f'{record.img_id} has objects of {min(unknown)!r}, which is '
                f'none of {list(types)}'
            )
        sides.append([objects[k] for k in there])
        labels.append(
            np.array([types.index(one.label) + 1 for one in kept], np.int64)
            if types
            else np.zeros(0, np.int64)
        )
    try:
        overlaps = object_overlaps(*sides)
    except ValueError as error:
        raise InputError(f'{true.img_id}: {error}') from None
    scores = [1 if one.score is None else one.score for one in kept]
    return overlaps, np.array(scores, np.float32), *labels
