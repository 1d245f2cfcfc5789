"""Overlays of cases for a page: of a test, or drawn from its maps."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from mmseg.registry import TRANSFORMS
from numpy.typing import NDArray

from mmseg_medical._files import appearing, inside
from mmseg_medical.apis.labelled_maps import LabelledMaps
from mmseg_medical.datasets.checks.loading import Loader, Unreadable
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress
from mmseg_medical.visualization._page import embed_jpeg
from mmseg_medical.visualization.overlay import draw_overlay, shrink
from mmseg_medical.visualization.pictures import jpeg_bytes

SIDE = 320  # pixels of the longer side
THUMBNAIL = 112
INLINE = 300  # thumbnails that the page itself holds
_QUALITY = 72

Picture = NDArray[np.uint8]


class Source(Protocol):
    """Where overlays come from.

    Attributes:
        missing: Number of tested images that have none.
    """

    missing: int

    def draw(
        self, img_id: str, label: int | None, side: int = SIDE
    ) -> Picture | None:
        """Overlay (h, w, 3) BGR of an image; None where there is none.

        Args:
            img_id: Id of the image.
            label: Number of a class that has a mask; None for all.
            side: Pixels of the longer side.
        """


class OverlayFolder:
    """Overlays that ``tools/test.py --show-dir`` wrote, of all classes.

    Args:
        folder: Folder of ``<id>.jpg``.
        ids: Ids of the images that were tested.

    Raises:
        InputError: If it has a picture of none of them.
    """

    def __init__(self, folder: str, ids: Sequence[str]) -> None:
        self.folder = Path(folder)
        there = sum(self._path(img_id).is_file() for img_id in ids)
        self.missing = len(ids) - there
        if not there:
            raise InputError(
                f'{folder} has a picture (ID.jpg) of none of the {len(ids)} '
                'tested images; write them with  tools/test.py CONFIG '
                f'CHECKPOINT --show-dir {self.folder.resolve()}'
            )

    def _path(self, img_id: str) -> Path:
        return inside(self.folder, f'{img_id}.jpg')

    def draw(
        self, img_id: str, label: int | None, side: int = SIDE
    ) -> Picture | None:
        """See :class:`Source`; pictures show all classes at once.

        Raises:
            InputError: If a picture cannot be read.
        """
        path = self._path(img_id)
        if not path.is_file():
            return None
        img = cv2.imread(str(path))
        if img is None:
            raise InputError(
                f'{path} is no whole JPEG; remove it, or test again with '
                '--show-dir'
            )
        return shrink(img, side)


class MapOverlays:
    """Overlays of each class, drawn from maps, masks and images.

    Args:
        data: Maps with the data set that they are of.
    """

    def __init__(self, data: LabelledMaps) -> None:
        self.data = data
        self.missing = 0
        loaders = [
            step
            for step in data.pipeline
            if str(step.get('type')).split('.')[-1].startswith('LoadImage')
        ]
        self.loader = Loader([TRANSFORMS.build(one) for one in loaders])

    def draw(
        self, img_id: str, label: int | None, side: int = SIDE
    ) -> Picture | None:
        """See :class:`Source`; an image that cannot be read has none."""
        if img_id not in self.data.folds:
            return None
        one = self.data.read(img_id)
        try:
            img: Any = self.loader.shown(dict(one.meta))[0]
        except Unreadable:
            return None
        if img.shape[:2] != one.gt.shape[1:]:  # a part of a large one
            return None
        pipeline = self.data.maps.pipeline()
        masks = pipeline(one.probs, meta=one.meta, scores=one.scores)
        pred, gt = masks.astype(np.uint8), one.gt
        if label is not None:
            pred, gt = pred[[label]], gt[[label]]
        elif self.data.maps.task != 'multilabel':
            numbers = np.arange(1, len(gt) + 1, dtype=np.uint8)[:, None, None]
            ignored = (gt == 255).any(0, keepdims=True)
            pred = (pred * numbers).max(0, keepdims=True)
            gt = ((gt == 1) * numbers).max(0, keepdims=True)
            gt[ignored] = 255
        step = max(1, max(gt.shape[1:]) // (2 * side))
        return draw_overlay(
            shrink(img, side), pred[:, ::step, ::step], gt[:, ::step, ::step]
        )


class FirstOf:
    """Overlays of the first of several sources that has one.

    Args:
        sources: Sources in their order.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self.sources = list(sources)
        self.missing = 0

    def draw(
        self, img_id: str, label: int | None, side: int = SIDE
    ) -> Picture | None:
        """See :class:`Source`."""
        found = (one.draw(img_id, label, side) for one in self.sources)
        return next((one for one in found if one is not None), None)


def address(picture: Picture | None) -> str:
    """Address of a picture that holds it; '' for none."""
    return embed_jpeg(jpeg_bytes(picture)) if picture is not None else ''


@contextlib.contextmanager
def thumbnails(
    source: Source, ids: Sequence[str], order: Sequence[int], page: Path
) -> Iterator[list[str]]:
    """Make small pictures of cases for a list.

    Those of up to :data:`INLINE` cases are held by the page. More of them lie
    beside it in ``<page>_files``, which gets its name when the block ends
    without an error.

    Args:
        source: Where they come from.
        ids: Ids of all cases.
        order: Numbers of those that get one.
        page: HTML file.

    Yields:
        Address of the picture of each case; '' where there is none.

    Raises:
        InputError: If the folder holds something else.
    """
    found = [''] * len(ids)
    folder = page.with_name(f'{page.stem}_files')
    if folder.exists():
        others = [p.name for p in folder.iterdir() if p.suffix != '.jpg']
        if others:
            raise InputError(
                f'{folder} holds {others[0]}, which no report has put there; '
                'choose another --out'
            )
    with contextlib.ExitStack() as stack:
        if beside := len(ids) > INLINE:
            new = stack.enter_context(appearing(folder, replace=True))
            new.mkdir()
        with Progress(len(order)) as progress:
            for number, k in enumerate(progress.over(order), 1):
                picture = source.draw(ids[k], None, THUMBNAIL)
                if picture is None:
                    continue
                data = jpeg_bytes(picture, _QUALITY)
                if beside:
                    name = f'{number:05}.jpg'
                    (new / name).write_bytes(data)
                    found[k] = f'{folder.name}/{name}'
                else:
                    found[k] = embed_jpeg(data)
        yield found
        if folder.exists():  # of an earlier page
            shutil.rmtree(folder)
