import multiprocessing
import os

import pytest

from mmseg_medical.apis._observing import observe
from mmseg_medical.datasets.checks.observation import Observation
from mmseg_medical.errors import InputError

TASKS = [(0, dict(k=k)) for k in range(150)]
needs_fork = pytest.mark.skipif(
    'fork' not in multiprocessing.get_all_start_methods(),
    reason='processes are not forked here',
)


def look(sample):
    return Observation(str(sample['k']), 'train', str(os.getpid()), None, None)


def test_in_this_process():
    found = list(observe(iter(TASKS), [look], workers=0))
    assert [int(one.name) for one in found] == list(range(150))
    assert {one.img_path for one in found} == {str(os.getpid())}


@needs_fork
def test_in_several_processes_in_the_same_order():
    found = list(observe(iter(TASKS), [look], workers=2))
    assert [int(one.name) for one in found] == list(range(150))
    assert str(os.getpid()) not in {one.img_path for one in found}


@needs_fork
def test_a_process_that_is_killed_is_an_error_of_one_line():
    def die(sample):
        if sample['k'] == 140:
            os._exit(9)
        return look(sample)

    with pytest.raises(
        InputError, match=r'killed .* sample 129 .* --workers 0'
    ):
        list(observe(iter(TASKS), [die], workers=2))
