"""The objects of a sample as its annotation file lists them, read once."""

import os
from collections import Counter
from typing import Any

import numpy as np

from mmseg_medical.converters.formats import FORMATS
from mmseg_medical.converters.polygon import PolygonError
from mmseg_medical.converters.rle import RLEError
from mmseg_medical.datasets.checks.observation import Problem

Sample = dict[str, Any]
_LONGEST = 300  # characters of a message


def parsed(
    sample: Sample,
    problems: list[Problem],
    size: tuple[int, int] | None = None,
) -> Sample:
    """Sample with the objects of its annotation file, which is read once."""
    path, name = (sample.get(f'annotation_{k}') for k in ('path', 'format'))
    if path is None or name not in FORMATS:
        return sample
    known = FORMATS[name]
    # Old files do not say how large their image is.
    options = dict(img_dir=os.path.dirname(sample['img_path']))
    taken = known.read_options & options.keys()
    try:
        records = list(known.read(path, **{k: options[k] for k in taken}))
    except Exception as error:  # whatever a damaged file makes it raise
        problems.append(as_problem(kind_of(error), error))
        return sample
    sample = {k: v for k, v in sample.items() if k != 'annotation_path'}
    sample['annotations'] = [a for one in records for a in one.annotations]
    sample['where'] = path
    shapes = [one.shape for one in records if one.shape not in (None, size)]
    if shapes and size:
        text = f'{path} is of {shapes[0]}, the image {size} (height, width)'
        problems.append(Problem('mask_size', text))
    return sample


def known(sample: Sample) -> Sample:
    """Sample without the objects of labels that are no class."""
    names, classes = sample.get('labels') or {}, sample.get('classes') or ()
    unknown = {
        one.label
        for one in sample.get('annotations', ())
        if names.get(one.label, names.get('*', one.label))
        not in (None, 255, *classes)
    }
    return dict(sample, labels={**names, **dict.fromkeys(unknown)})


def beyond(sample: Sample, size: tuple[int, int] | None) -> float | None:
    """How far outlines leave the image."""
    rings = [
        ring
        for one in sample.get('annotations', ())
        for area in one.polygons
        for ring in area
    ]
    if size is None or not rings:
        return None
    points = np.concatenate(rings)
    return float(max(0, -points.min(), (points - size[::-1]).max()))


def drawn(sample: Sample) -> dict[str, int]:
    """Objects that annotation files list, by class."""
    names = sample.get('labels') or {}
    drawn = Counter(
        str(names.get(one.label, names.get('*', one.label)))
        for one in sample.get('annotations', ())
    )
    if 'object_paths' in sample:
        classes = sample.get('classes') or ('object',)
        drawn[classes[-1]] = len(sample['object_paths'])
    return dict(drawn)


def kind_of(error: BaseException) -> str:
    """Kind of problem that an error of a mask is."""
    if isinstance(error, FileNotFoundError):
        return 'mask_missing'
    if isinstance(error, RLEError):
        return 'runs'
    return 'outlines' if isinstance(error, PolygonError) else 'mask'


def as_problem(kind: str, error: BaseException) -> Problem:
    """Problem with the message of an error, on one line."""
    text = ' '.join(str(error).split()) or type(error).__name__
    return Problem(kind, text[:_LONGEST])
