import os

import cv2
import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset, RepeatDataset
from mmseg.registry import DATASETS

from mmseg_medical.datasets import areas
from mmseg_medical.datasets.present import (
    classes_present,
    located,
    place_of,
)
from mmseg_medical.errors import InputError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('MMSEG_MEDICAL_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


@pytest.fixture
def pairs(tmp_path):
    """Images 0 to 3, whose masks have one pixel of the class k, 0 is none."""
    for part in ('images', 'masks'):
        (tmp_path / part).mkdir()
    for k, label in enumerate((0, 1, 2, 0)):
        mask = np.zeros((4, 6), np.uint8)
        mask[1, 2] = label
        cv2.imwrite(str(tmp_path / 'images' / f'{k}.png'), mask)
        cv2.imwrite(str(tmp_path / 'masks' / f'{k}.png'), mask)
    return DATASETS.build(
        dict(
            type='FolderDataset',
            data_root=str(tmp_path),
            metainfo=dict(classes=('background', 'lung', 'liver')),
            pipeline=[dict(type='LoadMaskRegion')],
        )
    )


EXPECTED = [(), ('lung',), ('liver',), ()]


def test_masks_are_read_once(pairs, cache, monkeypatch, capsys, tmp_path):
    read = []
    call = areas.AreaReader.__call__

    def spy(self, sample):
        read.append(sample['img_id'])
        return call(self, sample)

    monkeypatch.setattr(areas.AreaReader, '__call__', spy)
    assert classes_present(pairs) == EXPECTED
    assert '4/4 images' in capsys.readouterr().err
    assert read == ['0', '1', '2', '3']
    assert len(list(cache.iterdir())) == 1
    assert classes_present(pairs) == EXPECTED
    assert len(read) == 4
    path = tmp_path / 'masks' / '0.png'
    cv2.imwrite(str(path), np.full((4, 6), 2, np.uint8))
    os.utime(path, (1, 1))
    assert classes_present(pairs)[0] == ('liver',)
    assert len(read) == 8


def test_a_cache_that_cannot_be_written(pairs, cache, monkeypatch):
    said = []
    monkeypatch.setattr(
        'mmseg_medical.datasets.present.print_log',
        lambda text, **_: said.append(text),
    )
    cache.write_text('a file')
    assert classes_present(pairs) == EXPECTED
    assert 'cannot write' in said[0]


def test_a_label_that_is_no_class(pairs, tmp_path):
    cv2.imwrite(
        str(tmp_path / 'masks' / '0.png'), np.full((4, 6), 7, np.uint8)
    )
    with pytest.raises(InputError, match=r'0\.png: its mask holds 7'):
        classes_present(pairs)


def test_run_lengths_say_it_by_themselves(hubmap, cache):
    dataset = DATASETS.build(
        dict(type='HuBMAPDataset', data_root=str(hubmap(3)), pipeline=[])
    )
    tissue = (dataset.metainfo['classes'][1],)
    assert classes_present(dataset) == [tissue] * 3
    assert not cache.exists()
    assert place_of(dataset).endswith('train.csv')


def test_real_radiographs(real_data):
    dataset = DATASETS.build(
        dict(
            type='SIIMDataset',
            data_root=str(real_data('cxr_siim_sample')),
            pipeline=[],
        )
    )
    found = classes_present(dataset)
    empty = [dataset.get_data_info(k)['empty'] for k in range(5)]
    assert [not names for names in found] == empty
    assert sum(empty) == 2


def test_samples_of_wrappers(pairs):
    twice = RepeatDataset(pairs, times=2)
    assert classes_present(twice) == EXPECTED * 2
    assert [k for _, k in located(twice)] == [0, 1, 2, 3] * 2
    picked = ClassBalancedDataset.__new__(ClassBalancedDataset)
    picked.dataset, picked.repeat_indices = pairs, [1, 1, 3]
    picked._fully_initialized = True
    assert classes_present(picked) == [('lung',), ('lung',), ()]

    class Some:
        dataset = pairs

        def __len__(self):
            return 3

    with pytest.raises(InputError, match=r'of its 3 samples come from .* 4'):
        classes_present(Some())
