"""Run-length encoding.

Masks of 3000² pixels: dense ones of 8,000 ellipses as large as nuclei, sparse
ones of twelve large ellipses. RLEMaskLib reads and writes counts; what turns
them into Kaggle's text and back is numpy's fastest.
"""

from typing import Any

import cv2
import numpy as np
import rlemasklib
from numpy.typing import NDArray
from pycocotools import mask as coco

from benchmarks.harness import Job
from mmseg_medical.converters import rle

Mask = NDArray[np.uint8]


def ellipses(count: int, radius: float, size: int = 3000) -> Mask:
    """Mask (size, size) of random ellipses."""
    rng = np.random.default_rng(0)
    mask = np.zeros((size, size), np.uint8)
    for x, y in rng.integers(0, size, (count, 2)).tolist():
        axes = (radius * rng.uniform(0.6, 1.4, 2)).astype(int).tolist()
        angle = rng.uniform(0, 180)
        cv2.ellipse(mask, (x, y), axes, angle, 0, 360, 1, -1)
    return mask


def snippet_encode(mask: Mask) -> str:
    """The encoder that most notebooks contain."""
    flat = np.pad(mask.T.ravel(), 1)
    at = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    at[1::2] -= at[::2]
    return ' '.join(str(number) for number in at)


def snippet_decode(text: str, shape: tuple[int, int]) -> Mask:
    """The decoder that goes with it."""
    numbers = np.array(text.split(), dtype=int)
    flat = np.zeros(shape[0] * shape[1], np.uint8)
    for start, length in zip(numbers[::2] - 1, numbers[1::2], strict=True):
        flat[start : start + length] = 1
    return np.ascontiguousarray(flat.reshape(shape[::-1]).T)


def counts_to_text(counts: Any) -> str:
    """Kaggle's text from counts of background and foreground by turns."""
    edges = np.cumsum(np.asarray(counts, np.int64))
    foreground = np.asarray(counts[1::2], np.int64)
    pairs = np.empty(2 * len(foreground), np.int64)
    pairs[::2] = edges[::2][: len(foreground)] + 1
    pairs[1::2] = foreground
    return ' '.join(map(str, pairs.tolist()))


def text_to_counts(text: str, size: int) -> NDArray[np.uint32]:
    """Counts from Kaggle's text."""
    numbers = np.fromstring(text, np.int64, sep=' ')
    starts, lengths = numbers[::2] - 1, numbers[1::2]
    counts = np.empty(2 * len(starts) + 1, np.uint32)
    counts[0] = starts[0]
    counts[1::2] = lengths
    counts[2:-1:2] = starts[1:] - (starts + lengths)[:-1]
    counts[-1] = size - starts[-1] - lengths[-1]
    return counts


def lib_encode(mask: Mask) -> str:
    """RLEMaskLib to Kaggle's text."""
    return counts_to_text(rlemasklib.encode(mask, compressed=False)['ucounts'])


def lib_decode(text: str, shape: tuple[int, int]) -> Mask:
    """Kaggle's text by RLEMaskLib to a mask in C order."""
    counts = text_to_counts(text, shape[0] * shape[1])
    return np.ascontiguousarray(
        rlemasklib.decode(dict(size=list(shape), ucounts=counts))
    )


def coco_decode(text: str, shape: tuple[int, int]) -> Mask:
    """Kaggle's text by pycocotools to a mask in C order."""
    counts = text_to_counts(text, shape[0] * shape[1]).tolist()
    packed = coco.frPyObjects(dict(size=list(shape), counts=counts), *shape)
    return np.ascontiguousarray(coco.decode(packed))


def coco_encode(mask: Mask) -> str:
    """Pycocotools to Kaggle's text."""
    packed = coco.encode(np.asfortranarray(mask))
    counts = rle.load(packed, mask.shape, 'coco')
    return rle.dump(counts, 'kaggle')


def pixel_loop_encode(mask: Mask) -> str:
    """Relative runs pixel by pixel, as the SIIM organisers' script."""
    height, width = mask.shape
    out, last, run, gap_from = [], 0, 0, 0
    start = -1
    for x in range(width):
        for y in range(height):
            value = mask[y][x]
            if value != last:
                if value:
                    start = x * height + y
                    run = 1
                else:
                    out += [str(start - gap_from), str(run)]
                    gap_from = start + run
                last = value
            elif value:
                run += 1
    if last:
        out += [str(start - gap_from), str(run)]
    return ' '.join(out) or '-1'


def run_loop_decode(text: str, shape: tuple[int, int]) -> Mask:
    """Relative runs one by one, as the SIIM organisers' script."""
    flat = np.zeros(shape[0] * shape[1])
    numbers = np.asarray([int(word) for word in text.split()])
    position = 0
    for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
        position += gap
        flat[position : position + length] = 1
        position += length
    return np.ascontiguousarray(flat.reshape(shape[::-1]).T)


def jobs() -> list[Job]:
    """Dense and sparse masks of 3000², SIIM masks of 1024²."""
    found = []
    for kind, mask, goals, floor in (
        ('dense', ellipses(8000, 9), (5, 3), None),
        ('sparse', ellipses(12, 130), (0.4, 0.4), 'count_nonzero'),
    ):
        text = rle.encode(mask, 'kaggle')
        shape = mask.shape
        assert text == lib_encode(mask) == snippet_encode(mask)
        assert text == coco_encode(mask)
        for decode in (lib_decode, snippet_decode, coco_decode):
            np.testing.assert_array_equal(decode(text, shape), mask)
        runs = len(text.split()) // 2
        read = {'count_nonzero': lambda m=mask: np.count_nonzero(m)}
        found += [
            Job(
                f'encode {kind} mask, {runs:,} runs',
                lambda m=mask: rle.encode(m, 'kaggle'),
                {
                    'RLEMaskLib': lambda m=mask: lib_encode(m),
                    'pycocotools': lambda m=mask: coco_encode(m),
                    'snippet': lambda m=mask: snippet_encode(m),
                    **(read if floor else {}),
                },
                goals[0],
                floor=floor,
            ),
            Job(
                f'decode {kind} mask, {runs:,} runs',
                lambda t=text, s=shape: rle.decode(t, s, 'kaggle'),
                {
                    'RLEMaskLib': lambda t=text, s=shape: lib_decode(t, s),
                    'pycocotools': lambda t=text, s=shape: coco_decode(t, s),
                    'snippet': lambda t=text, s=shape: snippet_decode(t, s),
                    **(read if floor else {}),
                },
                goals[1],
                floor=floor,
            ),
        ]
    lung = ellipses(3, 60, 1024)
    text = rle.encode(lung, 'siim')
    assert text == pixel_loop_encode(lung)
    found += [
        Job(
            'encode SIIM mask 1024²',
            lambda: rle.encode(lung, 'siim'),
            {'loop of the organisers': lambda: pixel_loop_encode(lung)},
            100,
        ),
        Job(
            'decode SIIM mask 1024²',
            lambda: rle.decode(text, (1024, 1024), 'siim'),
            {
                'loop of the organisers': lambda: run_loop_decode(
                    text, (1024, 1024)
                )
            },
            40,
        ),
    ]
    return found
