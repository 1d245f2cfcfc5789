import cv2
import numpy as np
import pytest
import tifffile
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters import rle
from mmseg_medical.datasets.checks import loading
from mmseg_medical.datasets.checks.loading import Loader, Unreadable
from mmseg_medical.errors import InputError


def loader(*steps):
    return Loader(
        [
            TRANSFORMS.build(dict(type=s) if isinstance(s, str) else s)
            for s in steps
        ]
    )


@pytest.fixture
def sample(tmp_path):
    rng = np.random.default_rng(0)
    img = rng.integers(0, 255, (40, 30, 3)).astype(np.uint8)
    mask = np.zeros((40, 30), np.uint8)
    mask[10:20, 5:25] = 255
    tifffile.imwrite(tmp_path / 'a.tif', img, photometric='rgb')
    cv2.imwrite(str(tmp_path / 'a.png'), mask)
    return dict(
        img_path=str(tmp_path / 'a.tif'), seg_map_path=str(tmp_path / 'a.png')
    )


def test_the_steps_of_a_pipeline_that_load(sample):
    one = loader('LoadImageRegion', 'LoadMaskRegion', 'PackMedicalInputs')
    (img,) = one.images(sample)
    assert img.shape == (40, 30, 3)
    (labels,) = one.labels(sample)  # as stored: nobody says what 255 is
    assert set(np.unique(labels)) == {0, 255}
    assert one.stored(sample)
    img, labels = one.shown(sample)
    assert labels.sum() == 200
    told = loader(
        'LoadImageRegion', dict(type='LoadMaskRegion', values={255: 1})
    )
    assert not told.stored(sample)
    assert next(told.labels(sample)).sum() == 200
    assert not one.stored(dict(sample, label_map={1: 0}))


def test_pipelines_of_mmsegmentation(sample):
    one = loader('LoadImageFromFile', 'LoadAnnotations')
    sample |= dict(reduce_zero_label=False, label_map=None, seg_fields=[])
    (img,) = one.images(sample)
    assert img.shape == (40, 30, 3)
    (labels,) = one.labels(sample)
    assert labels.max() == 255
    assert one.stored(sample)


def test_without_steps_the_image_is_read(sample):
    one = loader('PackMedicalInputs')
    (img,) = one.images(sample)
    assert img.shape == (40, 30, 3)
    assert list(one.labels(sample)) == []
    assert one.shown(sample)[1] is None


def test_large_images_come_in_bands(sample, monkeypatch):
    monkeypatch.setattr(loading, '_BAND', 500)
    monkeypatch.setattr(loading, '_ROWS', 8)
    one = loader('LoadImageRegion', 'LoadMaskRegion')
    bands = list(one.images(sample))
    assert [len(band) for band in bands] == [16, 16, 8]
    whole = tifffile.imread(sample['img_path'])[..., ::-1]
    np.testing.assert_array_equal(np.concatenate(bands), whole)
    masks = np.concatenate(list(one.labels(sample)))
    assert (masks == 255).sum() == 200
    img, labels = one.shown(sample)  # the middle one
    np.testing.assert_array_equal(img, whole[16:32])
    assert labels.sum() == 80


def test_run_lengths_are_mended_without_a_warning(sample, recwarn):
    mask = cv2.imread(sample.pop('seg_map_path'), 0)
    text = rle.encode(mask, 'kaggle') + ' 1195 99'
    sample |= dict(rle=text, rle_dialect='kaggle')
    one = loader('LoadImageRegion', 'LoadMaskRegion')
    with pytest.raises(Unreadable) as error:
        next(one.labels(sample))
    assert isinstance(error.value.reason, InputError)
    (labels,) = one.mended(sample)
    assert labels.sum() == 200 + 6
    assert not recwarn.list
    with pytest.raises(Unreadable):  # the loader itself is as it was
        next(one.labels(sample))


def test_whatever_a_codec_raises_has_one_name(sample):
    class LoadImageBroken:
        def __call__(self, results):
            raise ZeroDivisionError

    with pytest.raises(Unreadable) as error:
        next(Loader([LoadImageBroken()]).images(sample))
    assert isinstance(error.value.reason, ZeroDivisionError)
