import math

import pytest

from mmseg_medical._optional import optional


def test_what_is_there_is_imported():
    assert optional('math', extra='smp') is math


def test_what_is_missing_is_named_with_its_extra():
    with pytest.raises(
        ImportError, match=r"nowhere is not installed: .*medical\[smp\]'"
    ):
        optional('nowhere.at_all', extra='smp')
