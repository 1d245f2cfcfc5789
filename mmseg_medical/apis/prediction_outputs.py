"""Files of predictions: each whole or not there, all of one model."""

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmseg_medical._files import inside, replacing
from mmseg_medical.apis.notes import read_note, write_note
from mmseg_medical.converters import geojson, rle_table
from mmseg_medical.converters._label_images import write_labels, write_manifest
from mmseg_medical.converters._mask_files import write_png
from mmseg_medical.converters.components import split_objects
from mmseg_medical.converters.predictions import record_of
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.converters.record import Annotation, Record
from mmseg_medical.converters.table import iter_table, write_table
from mmseg_medical.engine.hooks.prediction import facts_of
from mmseg_medical.errors import InputError
from mmseg_medical.visualization.overlay import draw_classes, shrink

KINDS = ('masks', 'probs', 'rle', 'geojson', 'overlay')
NOTE = 'predictions.json'
# Pixels of the longer side of an overlay.
_SHORTEST, _LONGEST = 768, 2048


class Outputs:
    """Folder of predictions of one model.

    ============ =========================================================
    kind         files
    ============ =========================================================
    ``masks``    ``masks/<id>.png`` of class indices, and what they mean in
                 ``classes.json``; where classes overlap
                 ``masks/<id>/<class>.png`` of 0 and 255
    ``probs``    ``probs/<id>.tiff``, see :class:`ProbabilityMaps`
    ``rle``      ``rle/<id>.csv`` and, of all of them, ``rle.csv``
    ``geojson``  ``geojson/<id>.geojson``, an object for each connected part
    ``overlay``  ``overlay/<id>.png``, large images made smaller, to 2,048
                 pixels, small ones larger, to 768 or more
    ============ =========================================================

    Args:
        folder: Folder to write to.
        kinds: Some of the above.
        model: A :class:`mmseg_medical.apis.loaded_model.LoadedModel`.
        rle: Layout of tables of run lengths: ``'hubmap'``, ``'uw_madison'``,
            ``'siim'`` or ``'dsb2018'``.
        bits: 8 or 16 for each probability.

    Raises:
        InputError: If a kind or the layout is unknown, or the classes do not
            suit it.
    """

    def __init__(
        self,
        folder: Any,
        kinds: Sequence[str],
        model: Any,
        *,
        rle: str = 'hubmap',
        bits: int = 8,
    ) -> None:
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown or not kinds:
            raise InputError(
                f'unknown output {", ".join(unknown) or "(none)"}: expected '
                f'some of {", ".join(KINDS)}'
            )
        if 'rle' in kinds:
            rle_table.check_classes(rle, model.labels)
        self.folder = Path(folder)
        self.kinds = list(dict.fromkeys(kinds))
        self.model = model
        self.rle = rle
        self.bits = bits
        self.ids: list[str] = []

    @property
    def needs_img(self) -> bool:
        """Whether the images themselves are drawn."""
        return 'overlay' in self.kinds

    def start(self, ids: Sequence[str]) -> None:
        """Claim the folder for the model.

        Args:
            ids: Ids of the images.

        Raises:
            InputError: If it holds predictions of another model or by other
                settings.
        """
        self.ids = list(ids)
        state = self.model.state()
        if 'rle' in self.kinds:
            state['rle'] = self.rle
        path = self.folder / NOTE
        there = read_note(path) or {}
        here = json.loads(json.dumps(state, default=str))
        keys = sorted(here.keys() | there.keys()) if there else []
        for key in keys:
            old, new = there.get(key), here.get(key)
            if old != new and not (key == 'rle' and None in (old, new)):
                raise InputError(
                    f'{self.folder} holds predictions of another model: {key} '
                    f'there is {str(old)[:80]}, here {str(new)[:80]}; choose '
                    'another folder, or remove this one'
                )
        write_note(path, {**there, **here})
        if 'probs' in self.kinds:
            self.maps = self._maps(self.ids)
            self.maps.start(more=True)
        if 'masks' in self.kinds and self.model.task != 'multilabel':
            folder = self.folder / 'masks'
            write_manifest(
                folder, self.model.labels, colors=self.model.colours
            )

    def _maps(self, ids: Sequence[str]) -> ProbabilityMaps:
        return ProbabilityMaps(
            self.folder / 'probs',
            ids=ids,
            task=self.model.task,
            classes=self.model.classes,
            postprocess=self.model.segmentor.postprocess,
            origin=self.model.origin,
            bits=self.bits,
        )

    def files(self, kind: str, img_id: str) -> list[Path]:
        """Files of an image."""
        if kind == 'masks' and self.model.task == 'multilabel':
            names = [f'{img_id}/{label}.png' for label in self.model.labels]
        else:
            suffix = dict(
                masks='png', probs='tiff', rle='csv', overlay='png'
            ).get(kind, kind)
            names = [f'{img_id}.{suffix}']
        return [inside(self.folder / kind, name) for name in names]

    def lacking(self, img_id: str) -> list[str]:
        """Kinds of which an image has no whole output yet."""
        return [
            kind
            for kind in self.kinds
            if not all(p.is_file() for p in self.files(kind, img_id))
        ]

    def write(self, prediction: Any) -> None:
        """Write what an image lacks.

        Args:
            prediction: Its :class:`mmseg_medical.apis.inferencer.Prediction`.

        Raises:
            InputError: If a table cannot hold it.
            OSError: If a file cannot be written.
        """
        for kind in self.lacking(prediction.img_id):
            files = self.files(kind, prediction.img_id)
            getattr(self, f'_write_{kind}')(prediction, files)

    def _write_masks(self, prediction: Any, files: Sequence[Path]) -> None:
        for path, labels in zip(files, prediction.labels, strict=True):
            with replacing(path) as temporary:
                if self.model.task == 'multilabel':
                    write_png(temporary, labels * np.uint8(255))
                else:
                    write_labels(temporary, labels, shown=self.model.colours)

    def _write_probs(self, prediction: Any, files: Sequence[Path]) -> None:
        sample = prediction.sample
        self.maps.write(
            prediction.img_id,
            prediction.probs,
            scores=sample.get('image_scores', {}),
            meta=facts_of(sample),
        )

    def _record(self, prediction: Any) -> Record:
        masks = self.model.masks(prediction.labels)
        return record_of(prediction.img_id, masks, self.model.labels)

    def _write_rle(self, prediction: Any, files: Sequence[Path]) -> None:
        record = self._record(prediction)
        (path,) = files
        rle_table.write(
            [record], path, layout=self.rle, classes=self.model.labels
        )

    def _write_geojson(self, prediction: Any, files: Sequence[Path]) -> None:
        record = split_objects(self._record(prediction))
        probs = prediction.probs
        colours = self.model.colours[-len(self.model.labels) :]
        found = []
        for one in record.annotations:
            k = self.model.labels.index(one.label)
            plane = probs[k - len(self.model.labels)]
            found.append(_object(one, plane, colours[k]))
        (path,) = files
        new = Record(record.img_id, record.shape, tuple(found))
        geojson.write([new], path)

    def _write_overlay(self, prediction: Any, files: Sequence[Path]) -> None:
        img = shrink(prediction.img, _LONGEST)
        factor = math.ceil(_SHORTEST / max(img.shape))
        if factor > 1:  # outlines would cover what they are drawn around
            img = cv2.resize(img, None, fx=factor, fy=factor)
        picture = draw_classes(
            img,
            prediction.labels,
            overlapping=self.model.task == 'multilabel',
            palette=self.model.colours,
        )
        (path,) = files
        with replacing(path) as temporary:
            _, png = cv2.imencode('.png', picture)
            temporary.write_bytes(png.tobytes())

    def finish(self) -> None:
        """Write ``rle.csv`` of all images that have run lengths."""
        if 'rle' not in self.kinds:
            return
        files = (self.files('rle', img_id)[0] for img_id in self.ids)
        rows = _rows(path for path in files if path.is_file())
        header = next(rows, None)
        if header is not None:
            write_table(self.folder / 'rle.csv', header, rows)


def _rows(files: Iterator[Path]) -> Iterator[list[str]]:
    """Header of tables of one kind, then the rows of all."""
    tables = (iter_table(path, []) for path in files)
    first = True
    for _, row in itertools.chain.from_iterable(tables):
        if first:
            yield list(row)
            first = False
        yield list(row.values())


def _object(one: Annotation, probs: Any, colour: Sequence[int]) -> Annotation:
    """An object with its colour, and its mean probability as score."""
    assert one.runs is not None
    box = one.runs.box()
    score = None
    if box is not None:
        part = one.runs.crop(*box).to_mask() > 0
        rows, columns = box.slices
        score = round(float(probs[rows, columns][part].mean()), 4)
    return Annotation(
        one.label,
        one.runs,
        score=score,
        properties=dict(
            classification=dict(name=one.label, color=list(colour))
        ),
    )
