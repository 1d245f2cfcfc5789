"""Probability maps of a test: one TIFF per image, and what they are of."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import inside, replacing
from mmseg_medical.converters.lineage import Listing, merge
from mmseg_medical.converters.probability_levels import (
    keep_winner,
    quantize,
)
from mmseg_medical.converters.tiff import (
    Region,
    TIFFImage,
    read_metadata,
    write_tiff,
)
from mmseg_medical.converters.tiff_bands import write_tiff_bands
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import Pipeline, default_steps

PathLike = str | os.PathLike[str]
MANIFEST = 'maps.json'


class ProbabilityMaps:
    """Folder of the probability maps of one test of one model.

    ``<id>.tiff`` holds (C, H, W) uint8 or uint16, probability x 255 or
    65,535, in tiles; ids with a slash lie in folders. ``maps.json`` says
    which ids belong to the test, and what they mean, so that maps of two
    tests are never taken for one.

    Attributes:
        folder: Where the maps lie.
        ids: Ids of all images of the test.
        task: ``'binary'``, ``'multiclass'`` or ``'multilabel'``.
        classes: Names of the classes.
        postprocess: What turns probabilities into labels, with ``mask_thr``.
        origin: Model and settings that the maps come from; ``lineage`` is
            what each checkpoint, named with its digest, says of its training.
        bits: 8 or 16 for each probability.
        folders: By id, the folder below ``folder`` that its map lies in, if
            it lies in one; see :meth:`join`.
        images: Data set and group of the images, as far as they have some.
    """

    def __init__(
        self,
        folder: PathLike,
        *,
        ids: Sequence[str],
        task: str,
        classes: Sequence[str],
        postprocess: dict[str, Any],
        origin: dict[str, Any],
        bits: int = 8,
        folders: dict[str, str] | None = None,
        images: Listing | None = None,
    ) -> None:
        if bits not in (8, 16):
            raise InputError(f'maps have 8 or 16 bits, got {bits}')
        self.folder = Path(folder)
        self.ids = list(ids)
        self.task = task
        self.classes = list(classes)
        self.postprocess = postprocess
        self.origin = origin
        self.bits = bits
        self.folders = folders or {}
        self.images = images or {}

    @classmethod
    def open(cls, folder: PathLike) -> 'ProbabilityMaps':
        """Open a folder that a test wrote.

        Raises:
            InputError: If the folder has no ``maps.json`` or no whole one, or
                one that names files outside of the folder.
        """
        path = Path(folder, MANIFEST)
        try:
            maps = cls(folder, **json.loads(path.read_text(encoding='utf-8')))
            for name in maps.ids:
                maps.path(name)
        except FileNotFoundError:
            raise InputError(
                f'{folder} has no probability maps ({MANIFEST} is not there); '
                f'write them with  tools/test.py CONFIG CHECKPOINT --out '
                f'{folder}'
            ) from None
        except (AttributeError, TypeError, ValueError) as error:
            raise InputError(f'{path} is no list of maps: {error}') from None
        return maps

    @classmethod
    def is_complete(cls, folder: PathLike) -> bool:
        """Whether a folder has all maps of a test."""
        try:
            return not cls.open(folder).missing()
        except InputError:
            return False

    @classmethod
    def join(cls, folder: PathLike, parts: Sequence[str]) -> 'ProbabilityMaps':
        """Make the maps of several tests those of one, where they lie.

        Args:
            folder: Where ``maps.json`` is written; an older one that was
                joined is replaced.
            parts: Names of the folders below it, one for each test.

        Raises:
            InputError: As :meth:`joined`, or ``folder`` has maps of its own.
        """
        joined = cls.joined(folder, parts)
        if (joined.folder / MANIFEST).is_file():
            if not cls.open(folder).folders:
                raise InputError(
                    f'{folder} holds the maps of a test; choose another folder'
                )
        joined._write()
        return joined

    @classmethod
    def joined(
        cls, folder: PathLike, parts: Sequence[str]
    ) -> 'ProbabilityMaps':
        """Maps of several tests as those of one; nothing is written.

        Args:
            folder: Where the folders of ``parts`` lie.
            parts: As of :meth:`join`.

        Raises:
            InputError: If one has no maps or not all of them, or two have an
                image in common or differ in task, classes, post-processing
                or bits.
        """
        opened = {part: cls.open(Path(folder, part)) for part in parts}
        first = opened[parts[0]]
        folders: dict[str, str] = {}
        for part, maps in opened.items():
            if missing := maps.missing():
                raise InputError(
                    f'{maps.folder} lacks {len(missing)} of {len(maps.ids)} '
                    f'maps, first {missing[0]!r}; run its test again'
                )
            for key in ('task', 'classes', 'postprocess', 'bits'):
                if getattr(maps, key) != getattr(first, key):
                    raise InputError(
                        f'{maps.folder} and {first.folder} differ in {key}: '
                        f'{getattr(maps, key)}, {getattr(first, key)}'
                    )
            if both := folders.keys() & set(maps.ids):
                raise InputError(
                    f'image {min(both)!r} is in {maps.folder} and in '
                    f'{folders[min(both)]}: no image belongs to two tests'
                )
            folders |= dict.fromkeys(maps.ids, part)
        return cls(
            folder,
            ids=list(folders),
            task=first.task,
            classes=first.classes,
            postprocess=first.postprocess,
            origin={part: maps.origin for part, maps in opened.items()},
            bits=first.bits,
            folders=folders,
            images=merge(maps.images for maps in opened.values()),
        )

    def start(self, *, more: bool = False) -> None:
        """Claim the folder: write ``maps.json``.

        Args:
            more: The folder may hold maps of other images by the same model;
                those that are there are kept in the list.

        Raises:
            InputError: If the folder holds the maps of another test, or two
                images have one id.
            OSError: If the folder cannot be written.
        """
        twice = [name for name, n in Counter(self.ids).items() if n > 1]
        if twice:
            raise InputError(
                f'{len(twice)} ids are those of several images, first '
                f'{twice[0]!r}: their maps would be one file'
            )
        if (self.folder / MANIFEST).is_file():
            old = self.open(self.folder)
            if more:
                known = set(self.ids)
                self.ids += [
                    name
                    for name in old.ids
                    if name not in known and old.path(name).is_file()
                ]
                old.ids = self.ids
            here = _entries(json.loads(self._text()))
            there = _entries(old._state())
            for key in sorted(here.keys() | there.keys()):
                if there.get(key) != here.get(key):
                    raise InputError(
                        f'{self.folder} holds the maps of another test: '
                        f'{key} there is {str(there.get(key))[:80]}, here '
                        f'{str(here.get(key))[:80]}; choose another folder '
                        'for --out, or remove this one'
                    )
        self._write()

    def _text(self) -> str:
        return json.dumps(self._state(), indent=1, default=str) + '\n'

    def _write(self) -> None:
        with replacing(self.folder / MANIFEST) as temporary:
            temporary.write_text(self._text(), encoding='utf-8')

    @property
    def labels(self) -> list[str]:
        """Names of the classes that have a mask: all but a background."""
        return self.classes[self.task != 'multilabel' :]

    @property
    def checkpoints(self) -> list[str]:
        """Names and digests of what made them, of one test or several."""
        several = [v for v in self.origin.values() if isinstance(v, Mapping)]
        parts = [self.origin, *several]
        return [name for one in parts for name in one.get('checkpoints') or ()]

    def _state(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k != 'folder'}

    @property
    def levels(self) -> int:
        """What a probability of 1 is stored as."""
        return 2**self.bits - 1

    def path(self, img_id: str) -> Path:
        """File of the map of an image.

        Raises:
            InputError: If the id leads out of the folder.
        """
        part = self.folders.get(img_id)
        name = f'{img_id}.tiff'
        return inside(self.folder, f'{part}/{name}' if part else name)

    def lineage(self, img_id: str) -> dict[str, dict[str, Any]]:
        """What each checkpoint behind the map of an image says of itself."""
        found: dict[str, dict[str, Any]] = self._origin_of(img_id).get(
            'lineage', {}
        )
        return found

    def _origin_of(self, img_id: str) -> dict[str, Any]:
        part = self.folders.get(img_id)
        found: dict[str, Any] = (
            self.origin if part is None else self.origin[part]
        )
        return found

    def missing(self) -> list[str]:
        """Ids whose map is not there."""
        return [name for name in self.ids if not self.path(name).is_file()]

    def write(
        self,
        img_id: str,
        probs: NDArray[Any],
        *,
        scores: Mapping[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the map of an image, whole or not at all.

        Args:
            img_id: Id of the image.
            probs: (C, H, W) in [0, 1].
            scores: What the model says of the image as a whole, as
                ``presence``.
            meta: What the data set knows of it, as its ``organ``; texts and
                numbers are kept.
        """
        write_tiff(
            self.path(img_id),
            self._levels_of(probs),
            planes=True,
            metadata=self._facts(img_id, scores, meta),
        )

    def write_bands(
        self,
        img_id: str,
        bands: Iterable[NDArray[Any]],
        shape: tuple[int, int, int],
        *,
        scores: Mapping[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the map of an image of which one band is in memory at a time.

        Args:
            img_id: Id of the image.
            bands: (C, h, W) in [0, 1], for each of :func:`bands_of`.
            shape: (C, H, W) of all of them.
            scores: As of :meth:`write`.
            meta: As of :meth:`write`.
        """
        write_tiff_bands(
            self.path(img_id),
            map(self._levels_of, bands),
            shape,
            f'uint{self.bits}',
            metadata=self._facts(img_id, scores, meta),
        )

    def _levels_of(self, probs: NDArray[Any]) -> NDArray[Any]:
        thr = None
        if self.task != 'multiclass':
            thr = self.postprocess['mask_thr']
        level = quantize(probs, thr, bits=self.bits)
        if self.task == 'multiclass':
            keep_winner(level, probs)
        return level

    def _facts(
        self,
        img_id: str,
        scores: Mapping[str, Any] | None,
        meta: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        return dict(
            id=img_id,
            test=self._test_of(img_id),
            task=self.task,
            classes=self.classes,
            scores=dict(scores or {}),
            meta={
                key: value
                for key, value in (meta or {}).items()
                if isinstance(value, (str, int, float))
            },
            **self.postprocess,
        )

    def _test_of(self, img_id: str) -> str:
        """What tells the test of a map from others."""
        return _short_digest(self._origin_of(img_id))

    @property
    def digest(self) -> str:
        """What tells these tests, and how masks are made, from others."""
        return _short_digest([self.origin, self.postprocess, self.bits])

    def said(self, img_id: str) -> dict[str, Any]:
        """What the file of a map says of itself, as its scores.

        Raises:
            FileNotFoundError: If the map is not there.
            InputError: If it is of another image or another test.
        """
        path = self.path(img_id)
        found = read_metadata(path)
        here = dict(id=img_id, test=self._test_of(img_id))
        for key, value in here.items():
            # Those of older versions do not say their test.
            if found.get(key, value) != value:
                what = 'image' if key == 'id' else 'model or test'
                raise InputError(
                    f'{path} is a map of another {what} ({found[key]}) than '
                    f'{self.folder / MANIFEST} says ({value}): were folders '
                    'mixed? Remove it, and run the test again'
                )
        return found

    def scores(self, img_id: str) -> dict[str, Any]:
        """What the model said of an image as a whole; errors as said()."""
        found: dict[str, Any] = self.said(img_id)['scores']
        return found

    def meta(self, img_id: str) -> dict[str, Any]:
        """What the data set knew of an image; errors as said()."""
        found: dict[str, Any] = self.said(img_id).get('meta', {})
        return found

    def pipeline(self, *, mask_thr: float | None = None) -> Pipeline:
        """What made the labels of the test.

        Args:
            mask_thr: Another probability above which a pixel belongs to a
                class. Not used where classes exclude each other.
        """
        options = dict(self.postprocess)
        if mask_thr is not None:
            options['mask_thr'] = mask_thr
        steps = default_steps(self.task, self.labels, **options)
        return Pipeline(steps, task=self.task, labels=self.labels)

    def read(self, img_id: str, region: Region | None = None) -> NDArray[Any]:
        """Map (C, H, W) uint8 or uint16 of an image, or of a region of it.

        Raises:
            FileNotFoundError: If the map is not there.
            ImageError: If it cannot be read.
        """
        img = TIFFImage.open(self.path(img_id)).read(region)
        return np.atleast_3d(img).transpose(2, 0, 1)

    def shape(self, img_id: str) -> tuple[int, int, int]:
        """(C, H, W) of the map of an image; errors as :meth:`read`."""
        height, width, *planes = TIFFImage.open(self.path(img_id)).shape
        return (*planes, 1)[0], height, width

    def masks(
        self,
        img_id: str,
        *,
        pipeline: Pipeline | None = None,
        probs: NDArray[Any] | None = None,
    ) -> NDArray[np.bool_]:
        """Masks (K, H, W) of the K classes of an image but the background.

        Args:
            img_id: Id of the image.
            pipeline: What makes them; None is :meth:`pipeline`.
            probs: Its map, where it was read already.

        Raises:
            InputError: As :class:`Pipeline`.
        """
        if probs is None:
            probs = self.read(img_id)
        said = self.said(img_id)
        return (pipeline or self.pipeline())(
            probs, meta=said.get('meta'), scores=said['scores']
        )


def _entries(state: dict[str, Any]) -> dict[str, Any]:
    """What a folder says, those of its origin by ``origin.…``."""
    origin = {f'origin.{k}': v for k, v in state['origin'].items()}
    return {k: v for k, v in state.items() if k != 'origin'} | origin


def _short_digest(state: Any) -> str:
    text = json.dumps(state, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: PathLike) -> str:
    """SHA-256 of a file."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
