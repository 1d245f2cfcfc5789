"""Write real tissue in HuBMAP's layout, without a download.

scikit-image ships a section of human colon (512 x 512 pixels), stained for
the protein FHL2 with DAB (brown) and haematoxylin (blue). The glands carry the
brown stain, so thresholding its concentration gives masks. These are weak
labels: good enough to show the whole way from files to a submission, nothing
to measure a method by.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from scipy import ndimage

from mmseg_medical._files import replacing
from mmseg_medical.apis.command_line import run_tool
from mmseg_medical.converters import rle
from mmseg_medical.converters.table import write_table
from mmseg_medical.converters.tiff import write_tiff
from mmseg_medical.stain import separate_stains

COLUMNS = (
    'id,organ,data_source,img_height,img_width,pixel_size,tissue_thickness,'
    'rle,age,sex'
).split(',')
TILE = 128
HELD_OUT = 384  # rows from here on are for validation


def gland_mask(img: np.ndarray) -> np.ndarray:
    """Weak gland labels (H, W) uint8 of 0 and 1 from the DAB stain."""
    dab = cv2.GaussianBlur(separate_stains(img)[..., 2], (0, 0), 4)
    level, _ = cv2.threshold(
        cv2.normalize(dab, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8),
        0,
        255,
        cv2.THRESH_BINARY | cv2.THRESH_OTSU,
    )
    mask = dab > dab.min() + level / 255 * (dab.max() - dab.min())
    mask = ndimage.binary_fill_holes(mask)
    labels, _ = ndimage.label(mask)
    return (mask & (np.bincount(labels.ravel())[labels] > 400)).astype(
        np.uint8
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Write the data; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', nargs='?', default='data/demo', type=Path)
    folder = parser.parse_args(argv).folder
    img = skimage.data.immunohistochemistry()
    mask = gland_mask(img)
    rows, parts = [], {'train': [], 'val': []}
    for top in range(0, img.shape[0], TILE):
        for left in range(0, img.shape[1], TILE):
            name = f'{10000 + top // TILE * 100 + left // TILE}'
            window = np.s_[top : top + TILE, left : left + TILE]
            if top >= HELD_OUT and not mask[window].any():
                continue  # a Dice of 0 or 1 by a single pixel
            write_tiff(folder / 'train_images' / f'{name}.tiff', img[window])
            text = rle.encode(mask[window], 'kaggle')
            origin = (name, 'largeintestine', 'scikit-image')
            rows.append((*origin, TILE, TILE, 0.5, 4, text, '', ''))
            parts['val' if top >= HELD_OUT else 'train'].append(name)
    write_table(folder / 'train.csv', COLUMNS, rows)
    for part, names in parts.items():
        with replacing(folder / 'splits' / f'{part}.txt') as temporary:
            temporary.write_text('\n'.join(names) + '\n')
    print(
        f'{folder}: {len(parts["train"])} tiles to train on, '
        f'{len(parts["val"])} of the rows below {HELD_OUT} to validate; masks '
        'are weak labels from the stain'
    )


if __name__ == '__main__':
    run_tool(main)
