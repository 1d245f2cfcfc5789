from collections import Counter
from itertools import islice

import pytest
from mmengine.dataset import ConcatDataset
from mmseg.registry import DATA_SAMPLERS

from mmseg_medical.engine.samplers import BalancedSampler
from mmseg_medical.errors import InputError


def counts(sampler, count, key):
    return Counter(key(k) for k in islice(sampler, count))


def test_every_case_comes_equally_often(listed):
    """Cases of 1, 2 and 5 images."""
    cases = ['a', 'b', 'b', *'ccccc']
    dataset = listed(*(dict(case=case) for case in cases))
    sampler = DATA_SAMPLERS.build(
        dict(type='BalancedSampler'),
        default_args=dict(dataset=dataset, seed=0),
    )
    assert counts(sampler, 300, cases.__getitem__) == dict(a=100, b=100, c=100)
    images = Counter(islice(sampler, 300))
    assert [images[k] for k in range(8)] == [100, 50, 50, *[20] * 5]


def test_by_a_key_and_of_two_data_sets(listed):
    organs = [*'kkkl', *'ll']
    samples = [dict(organ=organ, case='1') for organ in organs]
    both = ConcatDataset.__new__(ConcatDataset)
    both.datasets = [listed(*samples[:4]), listed(*samples[4:])]
    both.cumulative_sizes = [4, 6]
    both._fully_initialized = True
    sampler = BalancedSampler(both, 'organ', seed=0)
    assert counts(sampler, 100, organs.__getitem__) == dict(k=50, l=50)
    # Cases of two data sets may have one name.
    both.datasets[1].data_root = 'data/other'
    by_case = BalancedSampler(both, seed=0)
    assert counts(by_case, 100, lambda k: k < 4) == {True: 50, False: 50}


def test_every_class_comes_equally_often(listed):
    texts = [['1 2', ''], ['', '1 2'], ['', '1 2'], ['', '3 4'], ['', '']]
    dataset = listed(*(dict(rle=text) for text in texts))
    found = Counter(islice(BalancedSampler(dataset, 'classes', seed=0), 300))
    assert [found[0], sum(found[k] for k in (1, 2, 3)), found[4]] == [100] * 3


def test_what_there_is_to_balance_by(listed):
    dataset = listed(dict(img_id='7', rle='', organ='lung'))
    with pytest.raises(InputError, match=r"7 has no 'case' .*img_id, organ"):
        BalancedSampler(dataset, seed=0)
    dataset.group = ''
    with pytest.raises(InputError, match=r"no group; give .*by='organ'"):
        BalancedSampler(dataset, seed=0)
