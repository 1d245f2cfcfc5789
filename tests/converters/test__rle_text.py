import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters import _rle_text as text

integers = st.lists(st.integers(0, 10**12), max_size=50)


@given(numbers=integers, blank=st.sampled_from([' ', '  ', '\t', '\n']))
@settings(deadline=None)
def test_parse_and_join_undo_each_other(numbers, blank):
    written = text.join_integers(np.array(numbers, np.int64))
    assert written == ' '.join(map(str, numbers))
    assert text.parse_integers(blank.join(map(str, numbers))).tolist() == (
        numbers
    )


@given(numbers=integers)
@settings(deadline=None)
def test_numpy_agrees(numbers):
    array = np.array(numbers, np.int64)
    raw = np.frombuffer(' '.join(map(str, numbers)).encode(), np.uint8)
    assert text._join.fallback(array).tobytes() == raw.tobytes()
    values, count = text._parse.fallback(raw)
    assert values[:count].tolist() == numbers


def test_negative_numbers_are_read():
    assert text.parse_integers(' -1 20').tolist() == [-1, 20]


@pytest.mark.parametrize(
    'word', ['x', '1.5', '+1', '1_0', '--1', '-', '1e5', '²', '1' * 19]
)
def test_other_words_are_named_with_and_without_numba(word, monkeypatch):
    for parse in (text._parse, text._parse.fallback):
        monkeypatch.setattr(text, '_parse', parse)
        with pytest.raises(ValueError, match='word 2 is'):
            text.parse_integers(f'1 {word} 3')


@given(counts=st.lists(st.integers(0, 2**40), min_size=1, max_size=40))
@settings(deadline=None)
def test_compressed_counts_round_trip(counts):
    counts = np.array(counts, np.int64)
    np.testing.assert_array_equal(
        text.decompress_counts(text.compress_counts(counts)), counts
    )


@given(counts=st.lists(st.integers(0, 2**40), min_size=1, max_size=40))
@settings(deadline=None)
def test_numpy_compresses_counts_alike(counts):
    counts = np.array(counts, np.int64)
    raw = text._compress(counts)
    assert text._compress.fallback(counts).tobytes() == raw.tobytes()
    for way in (text._decompress, text._decompress.fallback):
        again, problem = way(raw)
        assert (again.tolist(), problem) == (counts.tolist(), 0)


@pytest.mark.parametrize(
    ('written', 'message'),
    [
        ('1o', 'end within a number'),
        ('1 2', 'characters outside'),
        ('1\x7f', 'characters outside'),
        ('o' * 12 + '1', 'over 60 bits'),
    ],
)
def test_broken_counts_with_and_without_numba(written, message, monkeypatch):
    for way in (text._decompress, text._decompress.fallback):
        monkeypatch.setattr(text, '_decompress', way)
        with pytest.raises(ValueError, match=message):
            text.decompress_counts(written)


def test_no_counts():
    for way in (text._decompress, text._decompress.fallback):
        assert way(np.empty(0, np.uint8))[0].size == 0
    assert text.compress_counts(np.empty(0, np.int64)) == ''
