import numpy as np
import pytest
import tifffile

from mmseg_medical.converters import rle


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
