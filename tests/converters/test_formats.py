import importlib

import pytest

from mmseg_medical.converters.formats import FORMATS, get_format
from mmseg_medical.errors import InputError


@pytest.mark.parametrize('name', FORMATS)
def test_every_format_is_read_or_written(name):
    chosen = get_format(name)
    assert chosen.name == name
    module = f'mmseg_medical.converters.{chosen.module}'
    importlib.import_module(module)
    assert chosen.reader or chosen.writer
    if chosen.reader:
        assert 'skipped' in chosen.read_options
        assert not chosen.read_options & chosen.fixed.keys()
        assert (chosen.label is None) == chosen.labelled
    else:
        with pytest.raises(InputError, match=f'{name} cannot be read'):
            chosen.read('x')
    if chosen.writer:
        assert chosen.write_options >= set()
    else:
        with pytest.raises(InputError, match=f'{name} cannot be written'):
            chosen.write([], 'x')


def test_unknown_names_and_options():
    with pytest.raises(InputError, match=r"'x': expected one of hubmap, uw"):
        get_format('x')
    with pytest.raises(
        InputError, match=r"coco has no 'color' when it is written; its opti"
    ):
        get_format('coco').write([], 'x', color=1)
    with pytest.raises(InputError, match=r"list of names, got 'lung'"):
        get_format('index_maps').read('x', classes='lung')
    with pytest.raises(InputError, match=r"needs 'source' .*\(--images\)"):
        get_format('dicom_seg').write([], 'x', classes=['a'])
    with pytest.raises(InputError, match=r"needs 'classes' .*\(--classes\)"):
        get_format('index_maps').write([], 'x')
    with pytest.raises(InputError, match=r"siim has no 'layout' when it is"):
        get_format('siim').read('x', layout='hubmap')
