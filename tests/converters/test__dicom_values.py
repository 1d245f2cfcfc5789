import numpy as np
import pytest

from mmseg_medical.converters import _dicom_values as dv

pydicom = pytest.importorskip('pydicom')


def header(**elements):
    ds = pydicom.Dataset()
    ds.PhotometricInterpretation = 'MONOCHROME2'
    ds.BitsStored, ds.PixelRepresentation = 12, 0
    ds.set_original_encoding(False, True)
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def table(entries, first=0, bits=16, count=None):
    ds = pydicom.Dataset()
    ds.LUTDescriptor = [count or len(entries), first, bits]
    ds.add_new('LUTData', 'OW', np.asarray(entries, '<u2').tobytes())
    ds.set_original_encoding(False, True)
    return ds


LEVELS = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def values(bits=12):
    return dv.stored(LEVELS, bits, False)


def test_ranges_follow_from_bits():
    assert values()[1:] == (0, 4095)
    assert dv.stored(LEVELS.astype(np.int16), 12, True)[1:] == (-2048, 2047)


@pytest.mark.parametrize(
    ('slope', 'intercept', 'kind'),
    [
        (None, None, np.uint16),
        (1, 0, np.uint16),
        (1, -1024, np.int16),
        (2, -1000, np.int16),
        (10, 0, np.float32),
        (0.5, 3, np.float32),
    ],
)
def test_slope_and_intercept(slope, intercept, kind):
    told = dict(RescaleSlope=slope, RescaleIntercept=intercept)
    head = header(**{k: v for k, v in told.items() if v is not None})
    found = dv.rescale(values(), head)
    assert found.pixels.dtype == kind
    expected = pydicom.pixels.apply_modality_lut(LEVELS, head)
    np.testing.assert_allclose(found.pixels, expected, rtol=1e-6)
    assert (found.low, found.high) == (expected.min(), expected.max())


def test_modality_table():
    entries = np.arange(4096)[::-1] * 7
    head = header(ModalityLUTSequence=[table(entries, first=10)])
    found = dv.rescale(values(), head)
    expected = pydicom.pixels.apply_modality_lut(LEVELS.astype(int), head)
    np.testing.assert_array_equal(found.pixels, expected)
    assert found.pixels.dtype == np.uint16
    assert found.high == 65535


def test_tables_in_the_other_byte_order_and_packed():
    swapped = table([1, 2, 300])
    swapped['LUTData'].value = np.array([1, 2, 300], '>u2').tobytes()
    swapped.set_original_encoding(False, False)
    assert dv._table(swapped)[0].tolist() == [1, 2, 300]
    packed = table([0, 0], bits=8, count=4)
    packed['LUTData'].value = bytes([1, 2, 3, 255])
    found, bits = dv._table(packed)
    assert found.tolist() == [1, 2, 3, 255]
    assert (found.dtype, bits) == (np.uint8, 8)
    with pytest.raises(ValueError, match='has 3 entries of 16 bits, expec'):
        dv._table(table([1, 2, 3], count=9))


@pytest.mark.parametrize('function', [None, 'LINEAR_EXACT', 'SIGMOID'])
@pytest.mark.parametrize('window', [(600, 1600), (100.5, 1), (2000, 300)])
def test_windows_of_the_file_are_those_of_pydicom(function, window):
    head = header(WindowCenter=window[0], WindowWidth=window[1])
    if function:
        head.VOILUTFunction = function
    with np.errstate(over='ignore', divide='ignore', invalid='ignore'):
        expected = pydicom.pixels.apply_windowing(LEVELS, head) / 4095 * 255
    found = dv.show(values(), head, 'stored')
    assert found.dtype == np.uint8
    assert np.abs(found - np.nan_to_num(expected)).max() <= 0.5 + 1e-9


def test_several_windows_and_tables():
    head = header(WindowCenter=[40, 1000], WindowWidth=[80, 500])
    second = dv.show(values(), head, 1)
    np.testing.assert_array_equal(
        second,
        dv.show(values(), header(WindowCenter=1000, WindowWidth=500), 0),
    )
    with pytest.raises(ValueError, match=r'no window 2 \(2 in all\); give'):
        dv.show(values(), head, 2)
    entries = np.sqrt(np.arange(4096) / 4095) * 1023
    head.VOILUTSequence = [table(entries, bits=10)]
    expected = pydicom.pixels.apply_voi(LEVELS, head) / 1023 * 255
    found = dv.show(values(), head, 'stored')
    assert np.abs(found - expected).max() <= 0.5
    np.testing.assert_array_equal(dv.show(values(), head, 1), second)


def test_windows_that_are_given():
    found = dv.show(values(), header(), (100, 200))
    assert found[0, 0] == 0
    assert found.ravel()[[50, 100, 150]].tolist() == [64, 128, 191]
    assert (found.ravel()[200:] == 255).all()
    np.testing.assert_array_equal(
        found, dv.show(values(), header(), [100, 200])
    )
    with pytest.raises(ValueError, match='its window is 0 wide'):
        dv.show(values(), header(), (100, 0))
    with pytest.raises(ValueError, match='window is nan wide'):
        dv.show(values(), header(), (100, float('nan')))


def test_without_a_window_8_bits_are_shown_as_they_are():
    gray = dv.stored(LEVELS.astype(np.uint8), 8, False)
    assert dv.show(gray, header(), 'stored') is gray.pixels
    with pytest.raises(ValueError, match='no window 0'):
        dv.show(values(), header(), 'stored')


@pytest.mark.parametrize('signed', [False, True])
def test_the_scale_is_turned_within_its_bits(signed):
    pixels = LEVELS.astype(np.int16) - 2048 if signed else LEVELS
    found = dv.invert(dv.stored(pixels, 12, signed))
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found.ravel(), pixels.ravel()[::-1])
    # what no 12 bits are does not wrap round
    wide = dv.Values(np.array([[5000]], np.uint16), 0, 4095)
    assert dv.invert(wide) == 0


def test_palettes_become_8_bits():
    def apply(indices, _):
        return np.stack([indices, indices, indices, indices], 2)

    deep = np.array([[0, 0x8000, 0xFFFF]], np.uint16)
    assert dv.palette(deep, None, apply)[0, :, 0].tolist() == [0, 128, 255]
    assert dv.palette(deep, None, apply).shape == (1, 3, 3)
    shallow = np.array([[0, 128, 255]], np.uint16)
    assert dv.palette(shallow, None, apply)[0, :, 0].tolist() == [0, 128, 255]


def test_slopes_that_are_no_numbers():
    with pytest.raises(ValueError, match='its RescaleSlope is'):
        dv.rescale(values(), {'RescaleSlope': float('inf')})
