import csv
import dataclasses

import numpy as np
import pytest

from mmseg_medical.apis.submission import write_submission
from mmseg_medical.converters import rle
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.postprocessing import SavedPipeline


@pytest.fixture
def write(tmp_path):
    """Write maps (N, C, H, W) of images a, b …"""

    def start(probs, task='binary', classes=('bg', 'fg')):
        maps = ProbabilityMaps(
            tmp_path / 'probs',
            ids=list('ab'),
            task=task,
            classes=classes,
            postprocess=dict(mask_thr=0.5),
            origin={},
        )
        maps.start()
        for name, one in zip('ab', probs, strict=False):
            maps.write(name, one)
        return maps.folder

    return start


def decoded(path, shape=(30, 40)):
    with path.open() as file:
        return {
            row['id']: rle.decode(row['rle'], shape, 'hubmap')
            for row in csv.DictReader(file)
        }


@pytest.fixture
def probs():
    return np.random.default_rng(0).random((2, 1, 30, 40))


@pytest.mark.parametrize(('given', 'used'), [(None, 0.5), (0.8, 0.8)])
def test_rows_decode_to_the_masks(write, probs, tmp_path, given, used, capsys):
    folder = write(probs)
    path = tmp_path / 'submission.csv'
    assert write_submission('hubmap', folder, path, mask_thr=given) == 2
    masks = decoded(path)
    assert list(masks) == ['a', 'b']
    for name, one in zip('ab', probs, strict=True):
        differ = masks[name] != (one[0] > used)
        assert differ.mean() <= (0 if given is None else 0.005)
    assert capsys.readouterr().err.startswith('2/2 images in ')


def test_exclusive_classes_submit_the_foreground(write, probs, tmp_path):
    both = np.concatenate([1 - probs, probs], 1)
    folder = write(both, 'multiclass')
    write_submission('hubmap', folder, tmp_path / 's.csv')
    expected = np.floor(probs[0, 0] * 255 + 0.5) > 127
    np.testing.assert_array_equal(decoded(tmp_path / 's.csv')['a'], expected)


def test_a_pipeline_makes_the_masks(write, probs, tmp_path):
    folder = write(probs)
    steps = [
        dict(type='threshold', mask_thr=0.5),
        dict(type='remove_small', min_size=40),
    ]
    saved = SavedPipeline(steps=steps, task='binary', classes=['fg'])
    saved.write(tmp_path / 'p.json')
    path = tmp_path / 'submission.csv'
    write_submission('hubmap', folder, path, postprocess=tmp_path / 'p.json')
    pipeline = saved.pipeline()
    for name, mask in decoded(path).items():
        expected = pipeline(probs['ab'.index(name)])[0]
        np.testing.assert_array_equal(mask, expected)
        assert 0 < mask.sum() < (probs['ab'.index(name)] > 0.5).sum()
    with pytest.raises(ValueError, match='thresholds of its own; drop mask_t'):
        write_submission(
            *('hubmap', folder, path),
            mask_thr=0.5,
            postprocess=tmp_path / 'p.json',
        )
    dataclasses.replace(saved, classes=['cell']).write(tmp_path / 'p.json')
    with pytest.raises(ValueError, match=r"classes \['cell'\], this test has"):
        write_submission(
            'hubmap', folder, path, postprocess=tmp_path / 'p.json'
        )


def test_files_of_others_in_the_folder_are_left_alone(write, probs, tmp_path):
    folder = write(probs)
    (folder / 'c.tiff').write_bytes((folder / 'a.tiff').read_bytes())
    assert write_submission('hubmap', folder, tmp_path / 's.csv') == 2


def test_what_is_wrong_is_named(write, probs, tmp_path):
    folder = write(probs)
    path = tmp_path / 'submission.csv'
    path.write_text('old')
    with pytest.raises(ValueError, match="unknown owner 'kaggle'"):
        write_submission('kaggle', folder, path)
    with pytest.raises(ValueError, match='is no probability in'):
        write_submission('hubmap', folder, path, mask_thr=1.5)
    with pytest.raises(ValueError, match='has no probability maps'):
        write_submission('hubmap', tmp_path / 'none', path)
    (folder / 'b.tiff').unlink()
    with pytest.raises(ValueError, match=r"lacks 1 of 2 maps, first \['b'\]"):
        write_submission('hubmap', folder, path)
    assert path.read_text() == 'old'


def test_several_classes_are_no_hubmap_submission(write, probs, tmp_path):
    folder = write(probs.repeat(2, 1), 'multilabel', ('a', 'b'))
    for owner in ('hubmap', 'siim'):
        with pytest.raises(ValueError, match=r'one class, .* have 2: a, b'):
            write_submission(owner, folder, tmp_path / 's.csv')
    with pytest.raises(ValueError, match=r"large_bowel.* have \['a', 'b'\]"):
        write_submission('uw_madison', folder, tmp_path / 's.csv')
    assert not (tmp_path / 's.csv').exists()


def test_overlapping_classes_have_a_row_each(write, tmp_path):
    organs = ('large_bowel', 'small_bowel', 'stomach')
    probs = np.random.default_rng(1).random((2, 3, 30, 40))
    probs[1, 2] = 0.1
    folder = write(probs, 'multilabel', organs)
    path = tmp_path / 's.csv'
    assert write_submission('uw_madison', folder, path) == 6
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [r['id'] for r in rows] == ['a'] * 3 + ['b'] * 3
    assert rows[-1] == dict(id='b', predicted='', **{'class': 'stomach'})
    for row in rows:
        k = organs.index(row['class'])
        np.testing.assert_array_equal(
            rle.decode(row['predicted'], (30, 40), 'uw_madison'),
            probs['ab'.index(row['id']), k] > 0.5,
        )


def test_an_empty_mask_of_siim_is_minus_one(write, probs, tmp_path):
    folder = write(np.stack([probs[0], probs[1] * 0.4]))
    write_submission('siim', folder, tmp_path / 's.csv')
    lines = (tmp_path / 's.csv').read_text().splitlines()
    assert lines[0] == 'ImageId,EncodedPixels'
    text = lines[1].removeprefix('a,')
    np.testing.assert_array_equal(
        rle.decode(text, (30, 40), 'siim'), probs[0, 0] > 0.5
    )
    assert lines[2] == 'b,-1'
