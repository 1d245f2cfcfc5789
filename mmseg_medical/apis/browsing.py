"""Samples after the pipeline, as people want to see them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from mmseg_medical.datasets.listing import sample_name
from mmseg_medical.engine.loops import seed_all
from mmseg_medical.visualization.overlay import draw_classes
from mmseg_medical.visualization.pictures import Picture, make_picture


class Browsed(NamedTuple):
    """A sample after the pipeline.

    Attributes:
        name: Its id, as the name of a file.
        img: (H, W, C).
        mask: (1, h, w) class indices or (C, h, w) of 0 and 1; None of none.
        overlapping: Whether the mask is planes of classes.
        is_stack: Whether its three channels are slices.
    """

    name: str
    img: Any
    mask: Any
    overlapping: bool
    is_stack: bool

    @property
    def shown(self) -> Any:
        """Image; of three slices the middle one, for they are no colours."""
        return self.img[..., 1] if self.is_stack else self.img

    def draw(self, palette: Sequence[Sequence[int]]) -> Any:
        """Draw the mask over the image: (H, W, 3) uint8 BGR."""
        mask = np.zeros((1, 1, 1)) if self.mask is None else self.mask
        return draw_classes(
            self.shown, mask, overlapping=self.overlapping, palette=palette
        )

    def picture(self, palette: Sequence[Sequence[int]]) -> Picture:
        """Make a small picture for a page."""
        img, mask = self.img, self.mask
        if mask is not None:
            mask = mask.transpose(1, 2, 0) if self.overlapping else mask[0]
        caption = (
            f'{img.shape[0]} x {img.shape[1]}, {img.shape[2]} of {img.dtype}, '
            f'{img.min():g} … {img.max():g}'
        )
        return make_picture(
            self.name, self.shown, mask, caption=caption, palette=palette
        )


def browse(dataset: Any, count: int, *, seed: int = 0) -> Iterator[Browsed]:
    """Give the first samples of a data set, each with its own seed.

    Args:
        dataset: Data set whose pipeline ends with a packer.
        count: Number of samples.
        seed: Another number makes other random choices.
    """
    overlapping = bool(getattr(dataset, 'overlapping', False))
    for index in range(count):
        seed_all(seed, index)
        item = dataset[index]
        sample, mask = item['data_samples'], None
        if 'gt_sem_seg' in sample:
            mask = sample.gt_sem_seg.data.numpy()
        img = item['inputs'].permute(1, 2, 0).numpy()
        paths = sample.get('img_path')
        is_stack = isinstance(paths, (list, tuple)) and len(paths) == 3
        yield Browsed(
            name=sample_name(sample).replace('/', '_'),
            img=img,
            mask=mask,
            overlapping=overlapping,
            is_stack=is_stack and img.shape[2] == 3,
        )
