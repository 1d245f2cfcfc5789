"""Parts of a mask as its threshold falls.

They grow and merge. Pixels are taken from the highest on and united with
their neighbours; each part carries its size and its hits, and the sums over
parts of each size are kept up to date. What a loop gets by labelling the mask
of each threshold anew is then read off.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmseg_medical._compiled import compiled
from mmseg_medical.postprocessing._planes import components

IntArray = NDArray[np.int64]

IGNORED = 2  # in codes of pixels; 0 is background, 1 foreground


def parts_by_size(
    levels: NDArray[Any],
    code: NDArray[np.uint8],
    cuts: NDArray[np.float64],
    sizes: ArrayLike,
    connectivity: int,
) -> IntArray:
    """Pixels of the parts of each size, of what lies above each cut.

    Args:
        levels: (H, W) uint8 or uint16.
        code: (H, W) what each pixel counts as.
        cuts: (T,) levels, ascending; 255 at most.
        sizes: (S,) sizes of parts, ascending.
        connectivity: 4 or 8 neighbours of a pixel.

    Returns:
        (2, T, S + 1) pixels of the prediction, and its hits, by the number of
        sizes that their part reaches.
    """
    passed = np.searchsorted(cuts, np.arange(np.iinfo(levels.dtype).max + 1))
    at = np.asarray(sizes, np.int64)
    reached = np.searchsorted(at, np.arange(at[-1] + 1), 'right')
    ordered = _order(levels, code, passed.astype(np.uint8), len(cuts))
    found: IntArray = _unite(
        *ordered, reached.astype(np.int16), _links(connectivity)
    )
    return found


@functools.cache
def _links(connectivity: int) -> NDArray[np.int8]:
    """Neighbours to unite a pixel with: one of those that are united.

    Returns:
        (256, 5) by the bits of the eight neighbours that are there, clockwise
        from the upper left one: how many, and their numbers.
    """
    table = np.zeros((256, 5), np.int8)
    for around in range(256):
        there = [k for k in range(8) if around >> k & 1]
        direct = [k for k in there if connectivity == 8 or k % 2]
        # Those in a row touch each other; so do the sides of a corner.
        part = {k: k for k in there}
        for k in (*there, *there):
            reach = (1, 2) if connectivity == 8 and k % 2 else (1,)
            for step in reach:
                other = (k + step) % 8
                if other in part:
                    low, high = sorted((part[k], part[other]))
                    part = {
                        key: low if value == high else value
                        for key, value in part.items()
                    }
        chosen = {part[k]: k for k in reversed(direct)}
        table[around, : len(chosen) + 1] = [len(chosen), *chosen.values()]
    return table


def _order_numpy(
    levels: NDArray[Any],
    code: NDArray[np.uint8],
    passed: NDArray[np.uint8],
    count: int,
) -> tuple[NDArray[np.uint8], NDArray[np.uint32], IntArray, IntArray]:
    """Sort by rank; as :func:`_order`."""
    ranks = np.pad(passed[levels], 1)
    flat, codes = ranks.reshape(-1), np.pad(code, 1).reshape(-1)
    order = np.flatnonzero(flat)
    order = order[np.argsort(-flat[order].astype(np.int64), kind='stable')]
    inside = passed[levels].reshape(-1).astype(np.intp) * 3 + code.reshape(-1)
    totals = np.bincount(inside, minlength=3 * count + 3).reshape(-1, 3)
    place = np.zeros(count + 1, np.int64)
    place[:-1] = totals[:0:-1].sum(1).cumsum()[::-1]
    packed = order * 4 + codes[order]
    return ranks, packed.astype(np.uint32), place, totals


@compiled(_order_numpy)
def _order(
    levels: NDArray[Any],
    code: NDArray[np.uint8],
    passed: NDArray[np.uint8],
    count: int,
) -> tuple[NDArray[np.uint8], NDArray[np.uint32], IntArray, IntArray]:
    """Sort pixels by their rank, the number of cuts that they lie above.

    Args:
        levels: (H, W).
        code: (H, W).
        passed: Rank of each level.
        count: Number of cuts.

    Returns:
        (H + 2, W + 2) ranks, with a border of 0; pixels of rank 1 and more,
        the highest first, as 4 times their index in that, and their code;
        (count + 1,) place of the first pixel of each rank; (count + 1, 3)
        pixels of each rank and code.
    """
    height, width = levels.shape
    # Neighbours count in tables by turns: none waits for the one before.
    tables = np.zeros((4, count + 1, 3), np.int64)
    ranks = np.zeros((height + 2, width + 2), np.uint8)
    for y in range(height):
        for x in range(width):
            rank = passed[levels[y, x]]
            ranks[y + 1, x + 1] = rank
            tables[x & 3, rank, code[y, x]] += 1
    totals = tables.sum(0)
    place = np.zeros(count + 1, np.int64)
    for rank in range(count, 0, -1):
        place[rank - 1] = place[rank] + totals[rank].sum()
    order = np.empty(place[0], np.uint32)
    last = place.copy()
    for y in range(height):
        index = (y + 1) * (width + 2) + 1
        for x in range(width):
            rank = ranks[y + 1, x + 1]
            if rank > 0:
                order[last[rank]] = (index + x) * 4 + code[y, x]
                last[rank] += 1
    return ranks, order, place, totals


def _unite_numpy(
    ranks: NDArray[np.uint8],
    order: NDArray[np.uint32],
    place: IntArray,
    totals: IntArray,
    reached: NDArray[np.int16],
    links: NDArray[np.int8],
) -> IntArray:
    """Label the parts of each cut anew; as :func:`_unite`."""
    most, count = int(reached[-1]) + 1, len(place) - 1
    connectivity = 8 if links[1, 0] else 4
    found = np.zeros((2, count, most), np.int64)
    codes = np.zeros(ranks.size, np.uint8)
    codes[order >> 2] = order & 3
    marks = codes.reshape(ranks.shape)
    for t in range(count):
        mask = ranks > t
        labels, sizes, _ = components(mask, connectivity)
        at = reached[np.minimum(sizes, len(reached) - 1)]
        for table, counted in zip(
            found, (marks != IGNORED, marks == 1), strict=True
        ):
            inside = labels[mask & counted]
            table[t] = np.bincount(at[inside], minlength=most)
    return found


@compiled(_unite_numpy)
def _unite(
    ranks: NDArray[np.uint8],
    order: NDArray[np.uint32],
    place: IntArray,
    totals: IntArray,
    reached: NDArray[np.int16],
    links: NDArray[np.int8],
) -> IntArray:
    """Unite pixels with their neighbours, the highest first.

    Parts that reach the largest size are alike, so they are one part, whose
    root is 0; its pixels are those that no other part has.

    Args:
        ranks: As the others of :func:`_order`.
        order: Pixels.
        place: Of the first pixel of each rank.
        totals: Pixels of each rank and code.
        reached: Number of sizes that a part of so many pixels reaches; the
            last is that of all larger ones.
        links: Of :func:`_links`.

    Returns:
        (2, cuts, sizes + 1) as :func:`parts_by_size`.
    """
    count, large = len(place) - 1, reached.size - 1
    most = reached[large]
    sums = np.zeros((2, count, most + 1), np.int64)
    parent = np.empty(ranks.size, np.uint32)
    # Size, pixels that count and hits of a part that is not large.
    parts = np.empty((ranks.size, 3), np.int32)
    used = np.zeros(most + 1, np.int64)
    found = np.zeros(most + 1, np.int64)
    all_used = all_found = 0
    row = ranks.shape[1]
    flat = ranks.reshape(-1)
    # Indices without a sign need no look at whether they are negative.
    one, down, none = np.uint64(1), np.uint64(row), np.uint64(0)
    up_left, up, up_right = none - down - one, none - down, one - down
    right, down_right = one, down + one
    down_left, left = down - one, none - one
    steps = np.array(
        [up_left, up, up_right, right, down_right, down, down_left, left]
    )
    many, firsts = links[:, 0].copy(), steps[links[:, 1]]
    for r in range(count, 0, -1):
        here = np.uint8(r)
        for k in range(place[r], place[r - 1]):
            mark = order[k] & 3
            p = np.uint64(order[k] >> 2)
            # Pixels of its rank are taken row by row.
            around = (
                (flat[p + up_left] >= here)
                | (flat[p + up] >= here) << 1
                | (flat[p + up_right] >= here) << 2
                | (flat[p + right] > here) << 3
                | (flat[p + down_right] > here) << 4
                | (flat[p + down] > here) << 5
                | (flat[p + down_left] > here) << 6
                | (flat[p + left] >= here) << 7
            )
            # Most pixels are added to the large part, and that is all.
            if many[around] == 1 and parent[p + firsts[around]] == 0:
                parent[p] = 0
                continue
            root = p
            size, counts, hit = 1, np.int32(mark != 2), np.int32(mark == 1)
            for i in range(1, links[around, 0] + 1):
                q = p + steps[links[around, i]]
                above = np.uint64(parent[q])
                while above != q and above != none:
                    next_one = np.uint64(parent[above])
                    parent[q] = next_one
                    q, above = above, next_one
                if above == none:
                    size = large  # whatever else it touches
                    if root != p:
                        parent[root] = 0
                    root = none
                elif q != root:
                    at = reached[parts[q, 0]]
                    used[at] -= parts[q, 1]
                    found[at] -= parts[q, 2]
                    size += parts[q, 0]
                    counts += parts[q, 1]
                    hit += parts[q, 2]
                    if root == p:
                        root = q
                    else:
                        parent[q] = root
            if size >= large:
                parent[root] = 0
                parent[p] = 0
            else:
                parent[p] = parent[root] = root
                parts[root, 0], parts[root, 1] = size, counts
                parts[root, 2] = hit
                used[reached[size]] += counts
                found[reached[size]] += hit
        all_used += totals[r, 0] + totals[r, 1]
        all_found += totals[r, 1]
        sums[0, r - 1], sums[1, r - 1] = used, found
        sums[0, r - 1, most] = all_used - used.sum()
        sums[1, r - 1, most] = all_found - found.sum()
    return sums
