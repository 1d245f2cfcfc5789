import pytest

from mmseg_medical.converters._rle_layouts import LAYOUTS, get_layout
from mmseg_medical.converters.rle import RLEDialect
from mmseg_medical.errors import InputError


def test_layouts_name_dialects():
    assert {RLEDialect(plan.dialect).order for plan in LAYOUTS.values()} == {
        'F',
        'C',
    }
    assert get_layout('siim').bare == ('ImageId', 'EncodedPixels')
    assert get_layout('hubmap').bare is None


def test_unknown_layouts_are_refused():
    with pytest.raises(InputError, match=r"layout 'x': expected one of \['h"):
        get_layout('x')
