import itertools
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import DataLoader, Dataset

from mmseg_medical.engine.loops import SeededLoader, draws_kept, seed_all
from mmseg_medical.errors import InputError


class Draws(Dataset):
    """What a sample draws from each generator."""

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return torch.tensor(
            [index, random.random(), np.random.random(), torch.rand(1).item()],
            dtype=torch.float64,
        )


def loader(workers=0, sampler=InfiniteSampler, seed=3):
    dataset = Draws()
    return SeededLoader(
        DataLoader(
            dataset,
            batch_size=2,
            sampler=sampler(dataset, shuffle=True, seed=seed),
            num_workers=workers,
        ),
        seed,
    )


def batches(source, count, start=0):
    source.start_at(start)
    iterator = iter(source)
    return torch.stack([next(iterator) for _ in range(count)])


def test_a_run_can_begin_anywhere():
    whole = batches(loader(), 9)
    torch.testing.assert_close(batches(loader(), 5, start=4), whole[4:])


def test_workers_change_nothing():
    torch.testing.assert_close(
        batches(loader(workers=2), 6, start=1), batches(loader(), 6, start=1)
    )


def test_finite_samplers_are_shuffled_anew_and_can_be_resumed():
    """Three batches of five samples make an epoch."""

    def finite():
        return loader(sampler=DefaultSampler)

    dataset = Draws()
    assert len(finite()) == len(DataLoader(dataset, 2))
    source = finite()
    iterator = iter(source)
    order = [next(iterator)[:, 0].tolist() for _ in range(9)]
    epochs = [list(itertools.chain(*order[k : k + 3])) for k in (0, 3, 6)]
    assert all(sorted(epoch) == [0, 1, 2, 3, 4] for epoch in epochs)
    assert epochs[0] != epochs[1]
    source = finite()
    source.start_at(4)
    assert next(iter(source))[:, 0].tolist() == order[4]


def test_samples_draw_differently():
    drawn = batches(loader(), 6)[..., 1:].reshape(-1)
    assert len(set(drawn.tolist())) == drawn.numel()
    other = batches(loader(seed=4), 6)[..., 1:].reshape(-1)
    assert not set(drawn.tolist()) & set(other.tolist())


def test_seeds_depend_on_every_number():
    drawn = set()
    for key in ((0, 1), (1, 0), (0, 0, 1), (5,)):
        seed_all(*key)
        drawn.add((random.random(), np.random.random(), torch.rand(1).item()))
    assert len(drawn) == 4
    seed_all(0, 1)
    assert (random.random(), np.random.random(), torch.rand(1).item()) in drawn


def test_it_looks_like_the_loader_that_it_wraps():
    source = loader()
    assert isinstance(source.dataset, Draws)
    assert source.batch_size == 2
    assert isinstance(source.sampler, InfiniteSampler)


def test_a_loader_that_ends():
    source = loader()
    source.start_at(2, 5)
    found = torch.stack(list(source))
    torch.testing.assert_close(found, batches(loader(), 5)[2:])
    with pytest.raises(InputError, match='no batch of 2'):
        next(iter(source))  # mmengine's sampler has been closed


def test_draws_can_be_kept():
    seed_all(1)
    expected = random.random(), np.random.random(), torch.rand(1)
    seed_all(1)
    with draws_kept():
        random.random(), np.random.random(), torch.rand(1)
    assert (random.random(), np.random.random(), torch.rand(1)) == expected
