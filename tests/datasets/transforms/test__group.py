import numpy as np
import pytest
from mmengine.dataset import BaseDataset, ConcatDataset
from mmseg.registry import DATASETS

from mmseg_medical.datasets.transforms import (
    CutMixWithinGroup,
    MixUpWithinGroup,
)
from mmseg_medical.errors import InputError


@pytest.fixture(params=[CutMixWithinGroup, MixUpWithinGroup])
def mixer(request):
    return request.param


class Counted(BaseDataset):
    """Samples whose pixels say which they are; counts what is loaded."""

    def __init__(self, organs, **options):
        self.organs = organs
        self.loaded = []
        super().__init__(serialize_data=False, **options)

    def load_data_list(self):
        return [
            dict(img_path=f'{k}.png', number=k, organ=organ)
            for k, organ in enumerate(self.organs)
        ]

    def prepare_data(self, idx):
        info = self.get_data_info(idx)
        self.loaded.append(idx)
        number = info['number']
        mask = np.full((8, 9), number, np.uint8)
        return dict(
            info,
            img=np.full((8, 9, 1), number * 10, np.uint8),
            gt_seg_map=mask,
            seg_fields=['gt_seg_map'],
        )


def mixed(mixer, dataset, index, **options):
    transform = mixer('organ', prob=1, **options)
    assert transform.get_indices(dataset) == []
    return transform(dict(dataset[index], mix_results=[]))


def partners(mixer, dataset, index):
    found = set()
    for _ in range(40):
        dataset.loaded.clear()
        mixed(mixer, dataset, index)
        assert len(dataset.loaded) == 2  # the sample and its partner
        found.add(dataset.loaded[1])
    return found


def test_partners_are_of_the_group(mixer):
    dataset = Counted(['lung', 'kidney', 'lung', 'lung', 'eye'])
    assert partners(mixer, dataset, 0) == {0, 2, 3}
    assert partners(mixer, dataset, 4) == {4}


def test_without_a_key_all_are_one_group(mixer):
    dataset = Counted(['lung', 'kidney', 'eye'])
    transform = mixer(prob=1)
    transform.get_indices(dataset)
    dataset.loaded.clear()
    for _ in range(40):
        transform(dataset.prepare_data(0))
    assert set(dataset.loaded) == {0, 1, 2}


def test_no_sample_is_read_to_find_the_groups(mixer):
    dataset = Counted(['lung', 'kidney'] * 50)
    infos = []
    read = dataset.get_data_info

    def count(index):
        infos.append(index)
        return read(index)

    dataset.get_data_info = count
    transform = mixer('organ', prob=0)
    for _ in range(5):
        transform.get_indices(dataset)
    assert dataset.loaded == []
    assert infos == list(range(100))


def test_the_seed_decides(mixer):
    dataset = Counted(['lung'] * 9)

    def draw():
        np.random.seed(3)
        dataset.loaded.clear()
        images = [mixed(mixer, dataset, 0)['img'] for _ in range(5)]
        return np.stack(images), list(dataset.loaded)

    (one, first), (two, second) = draw(), draw()
    np.testing.assert_array_equal(one, two)
    assert first == second
    assert len(set(first)) > 2


def test_probability(mixer):
    dataset = Counted(['lung'] * 9)
    transform = mixer('organ', prob=0.3)
    transform.get_indices(dataset)
    dataset.loaded.clear()
    sample = dataset.prepare_data(0)
    for _ in range(200):
        transform(dict(sample))
    assert 35 < len(dataset.loaded) - 1 < 85


def test_joined_data_sets(mixer):
    parts = [Counted(['lung', 'eye']), Counted(['eye', 'lung'])]
    joined = ConcatDataset(parts)
    for _ in range(20):
        mixed(mixer, joined, 0)
    assert 1 not in parts[0].loaded
    assert set(parts[1].loaded) == {1}


def test_what_cannot_be_mixed(mixer):
    dataset = Counted(['lung'] * 3)
    with pytest.raises(InputError, match="type='MultiImageMixDataset'"):
        mixer('organ', prob=1)(dataset[0])
    with pytest.raises(InputError, match=r"3 of 3 samples have no 'source'"):
        mixer('source').get_indices(dataset)
    sample = dataset[0]
    for change, message in (
        (dict(img=sample['img'][1:]), r'png has img \(8, 9, 1\) of uint8, 0'),
        (dict(img=sample['img'].astype(float)), 'of uint8, 0.png .* float64'),
        (
            dict(seg_fields=['gt_seg_map', 'other'], other=sample['img']),
            r'has other none, 0\.png|has gt_seg_map',
        ),
    ):
        transform = mixer('organ', prob=1)
        transform.get_indices(dataset)
        with pytest.raises(InputError, match=message):
            transform(dict(sample, **change))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(prob=1.5), 'prob is 0 to 1, got 1.5'),
        (dict(alpha=0), 'alpha is above 0, got 0'),
    ],
)
def test_options(mixer, options, message):
    with pytest.raises(InputError, match=message):
        mixer('organ', **options)


def test_in_mmsegmentations_data_set(mixer, hubmap):
    dataset = DATASETS.build(
        dict(
            type='MultiImageMixDataset',
            dataset=dict(
                type='HuBMAPDataset',
                data_root=str(hubmap()),
                pipeline=[
                    dict(type='LoadImageRegion'),
                    dict(type='LoadMaskRegion'),
                ],
            ),
            pipeline=[
                dict(type=mixer.__name__, key='organ', prob=1.0),
                dict(type='PackMedicalInputs'),
            ],
        )
    )
    sample = dataset[1]['data_samples']
    assert sample.organ == 'lung'
    assert sample.gt_sem_seg.shape == (64, 80)


def test_a_broken_sample_brings_none_of_another_group(mixer):
    class Broken(Counted):
        def prepare_data(self, idx):
            return None if idx == 0 else super().prepare_data(idx)

    dataset = Broken(['kidney', 'lung', 'lung'], max_refetch=100)
    transform = mixer('organ', prob=1)
    transform.get_indices(dataset)
    sample = dict(Counted(['kidney'])[0], mix_results=[])
    before = sample['img'].copy()
    out = transform(sample)
    np.testing.assert_array_equal(out['img'], before)
    assert out['seg_fields'] == ['gt_seg_map']
