import numpy as np
import pytest
import tifffile

from mmseg_medical.converters import rle
from mmseg_medical.converters.record import Annotation
from mmseg_medical.converters.runs import Runs


@pytest.fixture
def sample(tmp_path, tissue):
    """A 90 x 120 image whose mask is 6 x 5 pixels."""
    img = np.ascontiguousarray(tissue(120)[:90])
    tifffile.imwrite(tmp_path / 'a.tiff', img, photometric='rgb')
    mask = np.zeros((90, 120), np.uint8)
    mask[40:46, 70:75] = 1
    return dict(
        img_path=str(tmp_path / 'a.tiff'),
        height=90,
        width=120,
        rle=rle.encode(mask, 'kaggle'),
        rle_dialect='kaggle',
        where='train.csv id a',
        img=img,
        mask=mask,
    )


@pytest.fixture
def nuclei_sample(sample):
    """A sample of three objects, of which the first two touch."""

    def make(**changes):
        objects = []
        for top, left in ((20, 30), (20, 40), (50, 80)):
            mask = np.zeros((90, 120), np.uint8)
            mask[top : top + 10, left : left + 10] = 1
            runs = Runs.from_mask(mask, 'F')
            objects.append(Annotation('nucleus', runs))
        given = {k: v for k, v in sample.items() if k != 'rle'}
        given.update(
            annotations=tuple(objects), classes=('background', 'nucleus')
        )
        return dict(given, **changes)

    return make
