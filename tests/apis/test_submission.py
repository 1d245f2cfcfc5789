import csv

import numpy as np
import pytest
import tifffile

from mmseg_medical.apis.submission import write_submission
from mmseg_medical.converters import rle
from mmseg_medical.converters.tiff import write_tiff


@pytest.fixture
def maps(tmp_path):
    probs = np.random.default_rng(0).integers(0, 256, (2, 30, 40), np.uint8)
    for name, one in zip(('a', 'b'), probs, strict=True):
        write_tiff(
            tmp_path / 'probs' / f'{name}.tiff',
            one,
            metadata=dict(id=name, classes=['bg', 'fg'], mask_thr=0.5),
        )
    return tmp_path / 'probs', dict(zip('ab', probs, strict=True))


@pytest.mark.parametrize(('given', 'used'), [(None, 0.5), (0.8, 0.8)])
def test_rows_decode_to_the_masks(maps, tmp_path, given, used, capsys):
    folder, probs = maps
    path = tmp_path / 'submission.csv'
    assert write_submission('hubmap', folder, path, mask_thr=given) == 2
    with path.open() as file:
        rows = {row['id']: row['rle'] for row in csv.DictReader(file)}
    assert set(rows) == {'a', 'b'}
    for name, text in rows.items():
        np.testing.assert_array_equal(
            rle.decode(text, (30, 40), 'hubmap'), probs[name] > used * 255
        )
    assert '2/2' in capsys.readouterr().out  # a progress bar


def test_what_is_wrong_is_named(maps, tmp_path):
    folder, _ = maps
    path = tmp_path / 'submission.csv'
    with pytest.raises(ValueError, match="unknown owner 'kaggle'"):
        write_submission('kaggle', folder, path)
    with pytest.raises(ValueError, match='is no probability in'):
        write_submission('hubmap', folder, path, mask_thr=1.5)
    with pytest.raises(ValueError, match='no probability maps; write them'):
        write_submission('hubmap', tmp_path / 'none', path)
    tifffile.imwrite(folder / 'c.tiff', np.zeros((4, 4), np.uint8))
    path.write_text('old')
    with pytest.raises(ValueError, match=r'c\.tiff is no probability map'):
        write_submission('hubmap', folder, path)
    assert path.read_text() == 'old'
