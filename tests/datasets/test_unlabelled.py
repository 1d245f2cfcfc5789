import os

import cv2
import numpy as np
import pytest
from mmcv.transforms import Compose

from mmseg_medical.datasets.transforms import (
    LoadImageRegion,
    PackMedicalInputs,
)
from mmseg_medical.datasets.unlabelled import UnlabelledImages, find_images


@pytest.fixture
def folder(tmp_path):
    """Write images of one number each, by their names."""

    def write(*names):
        for k, name in enumerate(names):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((4, 5), k, np.uint8))
        return tmp_path

    return write


def load(samples, **options):
    images = UnlabelledImages(
        samples,
        load=LoadImageRegion(),
        rest=Compose([PackMedicalInputs()]),
        **{'channels': 1, **options},
    )
    return [images[k] for k in range(len(images))]


def ids(*inputs, **options):
    return [s['img_id'] for s in find_images(inputs, **options).samples]


def test_ids_are_paths_below_what_all_have_in_common(folder, monkeypatch):
    root = folder('a/1.png', 'b/1.png', 'b/c/2.PNG', 'top.tif')
    (root / 'notes.txt').write_text('no image')
    assert ids(root) == ['a/1', 'b/1', 'b/c/2', 'top']
    assert find_images([root]).others == 1
    assert ids(root / 'b') == ['1', 'c/2']
    assert ids(root / 'a' / '1.png', root / 'b' / '1.png') == ['a/1', 'b/1']
    assert ids(root / 'a', root / 'b') == ['a/1', 'b/1', 'b/c/2']
    assert ids(root / 'a', root / 'a' / '1.png') == ['1']
    monkeypatch.chdir(root)
    assert ids('a/1.png') == ['1']


def test_suffixes_tell_apart_what_has_one_name(folder):
    root = folder('1.png', '1.jpg', '2.png')
    assert ids(root) == ['1.jpg', '1.png', '2']


def test_what_is_no_image_is_said(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone does not exist'):
        find_images([tmp_path / 'gone'])
    (tmp_path / 'notes.txt').write_text('x')
    with pytest.raises(ValueError, match=r'holds no image .*; 1 other files'):
        find_images([tmp_path])


def test_dicom_without_suffix_is_found(dicom, tmp_path):
    dicom(np.arange(12, dtype=np.uint16).reshape(3, 4), 'series/IM1')
    (tmp_path / 'series' / 'README').write_text('short')
    found = find_images([tmp_path / 'series'])
    assert [s['img_id'] for s in found.samples] == ['IM1']
    assert found.others == 1


def test_frames_are_images(dicom):
    frames = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    path = dicom(frames, 'cine.dcm', frames=2)
    found = find_images([path]).samples
    assert [s['img_id'] for s in found] == ['cine/0000', 'cine/0001']
    for one, expected in zip(load(found), frames, strict=True):
        np.testing.assert_array_equal(one.packed['inputs'][0], expected)


def test_slices_of_volumes_are_images(tmp_path):
    nibabel = pytest.importorskip('nibabel')
    volume = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    path = tmp_path / 'scan.nii.gz'
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([2, 3, 4, 1])), path)
    found = find_images([path], stack=dict(num=3, stride=1)).samples
    assert [s['img_id'] for s in found] == [f'scan/{k:04d}' for k in range(4)]
    assert [s['frame'] for s in found] == [
        *([0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]),
    ]
    loaded = load(found, channels=3, keep_img=True)
    assert loaded[0].packed['inputs'].shape == (3, 3, 2)
    for k, one in enumerate(loaded):
        middle = one.packed['inputs'][1].numpy()
        np.testing.assert_array_equal(one.img[..., 0], middle)
        assert {*middle.ravel().tolist()} == {*volume[..., k].ravel().tolist()}


def test_neighbours_are_those_of_the_folder_by_number(folder):
    root = folder('a/s2.png', 'a/s10.png', 'a/s1.png', 'b/s1.png')
    samples = find_images([root], stack=dict(num=3, stride=1)).samples
    found = {
        s['img_id']: [os.path.relpath(p, root)[:-4] for p in s['img_path']]
        for s in samples
    }
    assert found == {
        'a/s1': ['a/s1', 'a/s1', 'a/s2'],
        'a/s2': ['a/s1', 'a/s2', 'a/s10'],
        'a/s10': ['a/s2', 'a/s10', 'a/s10'],
        'b/s1': ['b/s1', 'b/s1', 'b/s1'],
    }


def test_broken_images_are_errors_of_their_own(folder):
    root = folder('1.png', '2.png')
    (root / '2.png').write_bytes(b'cut')
    good, bad = load(find_images([root]).samples)
    assert good.error is None
    assert good.img is None
    assert bad.packed is None
    assert '2.png' in str(bad.error)


@pytest.mark.parametrize(
    ('name', 'shape'), [('a.png', (4, 5, 4)), ('b.png', (4, 5))]
)
def test_channels_are_checked(name, shape, tmp_path):
    cv2.imwrite(str(tmp_path / name), np.zeros(shape, np.uint8))
    found = 1 if len(shape) == 2 else 3  # without transparency
    (sample,) = find_images([tmp_path]).samples
    (wrong,) = load([sample], channels=2)
    assert f'{name} has {found} channel(s), the model takes 2' in str(
        wrong.error
    )
    (right,) = load([sample], channels=found)
    assert right.error is None
