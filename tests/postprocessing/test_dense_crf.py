import sys
from types import ModuleType

import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.dense_crf import dense_crf

PLANES = np.array([[[0.9, 0.6, 0.2]], [[0.1, 0.3, 0.3]]])


class Field:
    """Takes what the library takes; pairs of pixels have no influence."""

    def __init__(self, width, height, count):
        self.calls = dict(size=(width, height, count))
        Field.last = self

    def setUnaryEnergy(self, unary):
        assert unary.dtype == np.float32
        assert unary.flags.c_contiguous
        self.unary = unary

    def addPairwiseGaussian(self, **options):
        self.calls['position'] = options

    def addPairwiseBilateral(self, rgbim, **options):
        self.calls['colour'] = dict(options, shape=rgbim.shape)

    def inference(self, iterations):
        self.calls['iterations'] = iterations
        return np.exp(-self.unary)


@pytest.fixture
def library(monkeypatch):
    package, module = ModuleType('pydensecrf'), ModuleType('densecrf')
    module.DenseCRF2D = Field
    monkeypatch.setitem(sys.modules, 'pydensecrf', package)
    monkeypatch.setitem(sys.modules, 'pydensecrf.densecrf', module)


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'pydensecrf', None)
    with pytest.raises(InputError, match='needs pydensecrf, which is not kep'):
        dense_crf(PLANES, None)


@pytest.mark.parametrize('stored', [False, True])
def test_the_library_gets_the_classes_and_a_background(library, stored):
    planes = np.round(PLANES * 255).astype(np.uint8) if stored else PLANES
    masks = dense_crf(planes, None, iterations=3)
    assert masks.tolist() == [[[1, 1, 0]], [[0, 0, 0]]]
    calls = Field.last.calls
    assert calls['size'] == (3, 1, 3)
    assert calls['iterations'] == 3
    assert calls['position'] == dict(sxy=3.0, compat=3.0)
    assert 'colour' not in calls
    background = np.exp(-Field.last.unary[0])
    np.testing.assert_allclose(background, [0, 0.1, 0.5], atol=0.005)


def test_colours_need_an_image(library):
    with pytest.raises(InputError, match='gets no image here; set it to 0'):
        dense_crf(PLANES, None, colour_weight=10.0)
    img = np.zeros((1, 3, 3), np.uint8)
    dense_crf(PLANES, img, colour_weight=10.0, position_weight=0)
    assert Field.last.calls['colour'] == dict(
        sxy=13.0, srgb=80.0, compat=10.0, shape=(1, 3, 3)
    )
    assert 'position' not in Field.last.calls
