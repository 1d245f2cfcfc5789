import sys

import pytest

from mmseg_medical._compiled import compiled


def _double_numpy(x):
    return 2 * x


def _double(x):
    return x + x


def test_numba_compiles_the_loop():
    pytest.importorskip('numba')
    assert compiled(_double_numpy)(_double)(4) == 8


def test_without_numba_the_fallback_runs(monkeypatch):
    monkeypatch.setitem(sys.modules, 'numba', None)
    assert compiled(lambda x: ('fallback', x))(_double)(4) == ('fallback', 4)


def test_with_numba_switched_off_the_fallback_runs(monkeypatch):
    numba = pytest.importorskip('numba')
    monkeypatch.setattr(numba.config, 'DISABLE_JIT', True)
    assert compiled(lambda x: 'fallback')(_double)(4) == 'fallback'


def test_the_fallback_can_be_called():
    assert compiled(_double_numpy)(_double).fallback is _double_numpy
