import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mmseg_medical.engine import memory
from mmseg_medical.engine.memory import Memory, peak_memory

STATUS = Path('/proc/self/status')


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)


@pytest.mark.skipif(not STATUS.is_file(), reason='no Linux')
def test_of_this_process(no_gpu):
    found = peak_memory()
    peak = re.search(r'VmHWM:\s+(\d+) kB', STATUS.read_text())
    assert found.used == pytest.approx(1024 * int(peak[1]), rel=0.02)
    assert found.total > found.used
    assert found.kind == 'memory, of this process alone'


def test_a_container_has_less(no_gpu, monkeypatch, tmp_path):
    limit = tmp_path / 'memory.max'
    monkeypatch.setattr(memory, '_LIMIT', limit)
    whole = peak_memory().total
    limit.write_text(f'{2**28}\n')
    assert peak_memory().total == 2**28
    limit.write_text('max\n')
    assert peak_memory().total == whole


def test_nobody_can_say(no_gpu, monkeypatch):
    monkeypatch.setattr(memory, 'resource', None)
    assert peak_memory() is None


def test_of_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'max_memory_reserved', lambda: 7.8 * 2**30)
    monkeypatch.setattr(
        torch.cuda,
        'get_device_properties',
        lambda: SimpleNamespace(total_memory=int(15.8 * 2**30)),
    )
    assert str(peak_memory()) == '7.8 of 16 GB GPU memory'
    assert peak_memory() == Memory(
        7.8 * 2**30, int(15.8 * 2**30), 'GPU memory'
    )
