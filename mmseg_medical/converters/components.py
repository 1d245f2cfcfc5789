"""From classes to objects: each connected part becomes one."""

import dataclasses

import numpy as np
from scipy import ndimage

from mmseg_medical.converters.label_map import runs_of, shape_of
from mmseg_medical.converters.record import Record
from mmseg_medical.converters.runs_geometry import runs_of_labels


def split_objects(record: Record) -> Record:
    """Make an annotation of each connected part of the annotations.

    Pixels that touch at a corner are connected.

    Args:
        record: Image; it must say its size.

    Raises:
        InputError: If it does not.
    """
    shape = shape_of(record)
    parts = []
    for annotation in record.annotations:
        runs = runs_of(record, annotation)
        box = runs.box()
        if box is None:
            continue
        mask = runs.crop(*box).to_mask()
        labels, _ = ndimage.label(mask, np.ones((3, 3)))
        parts += [
            dataclasses.replace(
                annotation,
                runs=part.place(box.top, box.left, shape),
                polygons=(),
            )
            for part in runs_of_labels(labels).values()
        ]
    return dataclasses.replace(record, annotations=tuple(parts))
