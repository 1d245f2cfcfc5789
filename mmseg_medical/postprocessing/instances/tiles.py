"""Instances of large images: found in tiles, put together without seams."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import instance_overlaps
from mmseg_medical.postprocessing.instances.decoder import (
    Decoder,
    Floats,
    Instances,
    IntArray,
    build_decoder,
)

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Tile(NamedTuple):
    """Instances of a window of an image.

    Attributes:
        top: First row of the window in pixels.
        left: First column.
        found: Instances of the window.
    """

    top: int
    left: int
    found: Instances

    @property
    def box(self) -> tuple[int, int, int, int]:
        """First rows and columns of the window, and those after it."""
        height, width = self.found.inst_map.shape
        return self.top, self.left, self.top + height, self.left + width

    def part(self, box: tuple[int, int, int, int]) -> IntArray:
        """Ids of a window of the image that lies within the tile."""
        top, left, bottom, right = box
        return self.found.inst_map[
            top - self.top : bottom - self.top,
            left - self.left : right - self.left,
        ]


class TileDecoder(Decoder):
    """Another decoder, tile by tile, whose memory depends on the tiles.

    Tiles overlap, so that each instance up to the size of the overlap lies
    whole in one of them; see :func:`merge_tiles`.

    Args:
        decoder: Config of the decoder.
        tile_size: (height, width) of a tile in pixels.
        overlap: Pixels that neighbours share, in rows and in columns; larger
            than an instance.

    Raises:
        InputError: If tiles are not larger than what they share, or as
            :func:`build_decoder`.

    Example:
        >>> test_cfg = dict(
        ...     instances=dict(
        ...         type='TileDecoder', decoder=dict(type='HVDecoder')
        ...     )
        ... )
    """

    def __init__(
        self,
        decoder: Mapping[str, Any],
        *,
        tile_size: tuple[int, int] = (2048, 2048),
        overlap: int = 128,
    ) -> None:
        if not 0 <= overlap < min(tile_size):
            raise InputError(
                f'tiles of {tuple(tile_size)} (height, width) share {overlap} '
                'pixels; expected 0 or more, and fewer than they have'
            )
        self.decoder = build_decoder(decoder)
        self.map_name = self.decoder.map_name
        self.tile_size = tile_size
        self.overlap = overlap

    def __call__(
        self, prob: Floats, probs: Floats, values: Floats | None
    ) -> Instances:
        windows = [
            range(0, max(side - self.overlap, 1), size - self.overlap)
            for side, size in zip(prob.shape, self.tile_size, strict=True)
        ]
        tiles = []
        for top, left in itertools.product(*windows):
            at = tuple(
                slice(first, first + size)
                for first, size in zip(
                    (top, left), self.tile_size, strict=True
                )
            )
            found = self.decoder(
                prob[at],
                probs[(slice(None), *at)],
                None if values is None else values[(slice(None), *at)],
            )
            tiles.append(Tile(top, left, found))
        if len(tiles) == 1:
            return tiles[0].found
        return merge_tiles(tiles, (prob.shape[0], prob.shape[1]))


def merge_tiles(tiles: Iterable[Tile], shape: tuple[int, int]) -> Instances:
    """Put instances of tiles together, none of them twice or cut.

    Instances of two tiles are the same where they share more than half of the
    smaller one, of what both tiles see. Of those that are the same the ones of
    the first tile count that cuts none of them; where each tile cuts one, they
    are joined. What is cut, and whole in the sight of a tile that does not
    find it, is left out. Pixels belong to the earlier tile.

    Args:
        tiles: Windows that cover the image.
        shape: (height, width) of the image in pixels.

    Returns:
        Instances of the image; a joined one has the mean score of its parts.

    Raises:
        ValueError: If a tile leaves the image.
    """
    several = list(tiles)
    for tile in several:
        if min(tile.box) < 0 or (np.array(tile.box[2:]) > shape).any():
            raise ValueError(f'tile {tile.box} leaves the image of {shape}')
    counts = [len(tile.found.scores) for tile in several]
    offsets = np.cumsum([0, *counts])
    owners = np.repeat(np.arange(len(several)), counts)
    scores = np.concatenate([*(t.found.scores for t in several), np.zeros(0)])
    cut = np.concatenate(
        [*(_cut(tile, shape) for tile in several), np.zeros(0, bool)]
    )
    one, other, unseen = _same(several, offsets)
    graph = coo_array((np.ones(len(one)), (one, other)), (offsets[-1],) * 2)
    _, groups = connected_components(graph, directed=False)
    alone = np.bincount(groups)[groups] == 1
    kept, joined = _choose(groups, owners, cut)
    kept &= ~(cut & alone & unseen)
    names = np.where(joined, groups, len(groups) + np.arange(len(groups)))
    ids = np.zeros(len(kept), np.int32)
    used, ids[kept] = np.unique(names[kept], return_inverse=True)
    ids[kept] += 1
    inst_map = np.zeros(shape, np.int32)
    for tile, first, count in zip(several, offsets, counts, strict=False):
        top, left, bottom, right = tile.box
        new = np.append(0, ids[first : first + count])[tile.found.inst_map]
        place = inst_map[top:bottom, left:right]
        np.copyto(place, new, where=place == 0, casting='same_kind')
    sums = np.bincount(ids[kept], scores[kept], len(used) + 1)
    parts = np.bincount(ids[kept], minlength=len(used) + 1)
    certainty = (sums / np.maximum(parts, 1)).astype(np.float32)
    return Instances.of(inst_map, certainty[inst_map])


def _cut(tile: Tile, shape: tuple[int, int]) -> Flags:
    """Instances that reach an end of the tile within the image, (n,)."""
    ids = tile.found.inst_map
    top, left, bottom, right = tile.box
    ends = (
        (top > 0, ids[0]),
        (left > 0, ids[:, 0]),
        (bottom < shape[0], ids[-1]),
        (right < shape[1], ids[:, -1]),
    )
    cut = np.zeros(len(tile.found.scores) + 1, np.bool_)
    for within, line in ends:
        if within:
            cut[line] = True
    return cut[1:]


def _same(tiles: list[Tile], offsets: Ids) -> tuple[Ids, Ids, Flags]:
    """Pairs that are the same; and which others see whole but do not find."""
    pairs = [np.zeros((2, 0), np.int64)]
    unseen = np.zeros(offsets[-1], np.bool_)
    sizes = np.concatenate(
        [
            np.bincount(t.found.inst_map.ravel(), minlength=n + 1)[1:]
            for t, n in zip(tiles, np.diff(offsets), strict=True)
        ]
    )
    for (a, b), box in _meetings(tiles):
        parts = tiles[a].part(box), tiles[b].part(box)
        nodes = [
            offsets[k] + np.unique(part[part > 0]) - 1
            for k, part in zip((a, b), parts, strict=True)
        ]
        found = instance_overlaps(*parts)
        smaller = np.minimum(
            found.true_sizes[found.true], found.pred_sizes[found.pred]
        )
        same = 2 * found.shared > smaller
        pairs.append(
            np.stack([nodes[0][found.true[same]], nodes[1][found.pred[same]]])
        )
        for node, seen in zip(
            nodes, (found.true_sizes, found.pred_sizes), strict=True
        ):
            unseen[node[seen == sizes[node]]] = True
    one, other = np.concatenate(pairs, 1)
    return one, other, unseen


def _meetings(
    tiles: list[Tile],
) -> Iterator[tuple[tuple[int, int], tuple[int, int, int, int]]]:
    """Pairs of tiles that overlap, and the window that they share."""
    boxes = np.array([tile.box for tile in tiles])
    for a in range(len(tiles)):
        first = np.maximum(boxes[a, :2], boxes[a + 1 :, :2])
        last = np.minimum(boxes[a, 2:], boxes[a + 1 :, 2:])
        for b in np.flatnonzero((first < last).all(1)):
            top, left = first[b].tolist()
            bottom, right = last[b].tolist()
            yield (a, a + 1 + int(b)), (top, left, bottom, right)


def _choose(groups: Ids, owners: Ids, cut: Flags) -> tuple[Flags, Flags]:
    """Of each group those of the first tile that cuts none, or all, joined."""
    tiles = int(owners.max(initial=0)) + 1
    keys, place = np.unique(groups * tiles + owners, return_inverse=True)
    whole = np.bincount(place, cut, len(keys)) == 0
    # Keys are in the order of groups, and of tiles in each of them.
    group, first = np.unique(keys[whole] // tiles, return_index=True)
    chosen = np.full(int(groups.max(initial=-1)) + 1, -1)
    chosen[group] = keys[whole][first]
    wanted = chosen[groups]
    joined: Flags = wanted == -1
    return joined | (wanted == keys[place]), joined
