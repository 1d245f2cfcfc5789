import importlib.util
import sys
from importlib import metadata

import mmseg
import pytest

from mmseg_medical import _stack


def test_this_environment_will_do():
    _stack.require_stack()


@pytest.mark.parametrize('module', ['torch', 'mmengine', 'mmcv', 'mmseg'])
def test_a_missing_part_is_named_with_its_cure(monkeypatch, module):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        'find_spec',
        lambda name: None if name == module else real(name),
    )
    with pytest.raises(
        ImportError, match=rf'needs {module}, .*\[onedl\].*doctor\.py'
    ):
        _stack.require_stack()


def test_another_generation_is_named(monkeypatch):
    monkeypatch.setattr(mmseg, '__version__', '0.30.0')
    with pytest.raises(ImportError, match=r'1\.x, found 0\.30\.0'):
        _stack.require_stack()


def test_ops_that_are_not_compiled_say_so_when_they_are_used():
    ops = _stack._Ops('mmcv.ops')
    with pytest.raises(ImportError, match=r'mmcv\.ops\.PSAMask needs compil'):
        ops.PSAMask(1)
    with pytest.raises(AttributeError):
        _ = ops.__path__


def test_ops_are_replaced_where_openmmlab_lacks_them(monkeypatch):
    def lacking(name):
        raise ModuleNotFoundError(name='mmcv._ext')

    monkeypatch.setattr(metadata, 'version', lambda name: '1.2.2')
    monkeypatch.setattr(_stack.importlib, 'import_module', lacking)
    monkeypatch.setitem(sys.modules, 'mmcv.ops', None)
    _stack._stand_in_for_mmcv_ops()
    assert isinstance(sys.modules['mmcv.ops'], _stack._Ops)


def test_other_errors_are_not_hidden(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError(name='yaml')

    monkeypatch.setattr(metadata, 'version', lambda name: '1.2.2')
    monkeypatch.setattr(_stack.importlib, 'import_module', broken)
    with pytest.raises(ModuleNotFoundError):
        _stack._stand_in_for_mmcv_ops()
