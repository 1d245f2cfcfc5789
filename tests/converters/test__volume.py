import pytest

from mmseg_medical.converters._volume import slice_of, volumes
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError


def records(*ids, shape=(2, 3)):
    return [Record(name, shape, ()) for name in ids]


@pytest.mark.parametrize(
    ('name', 'volume', 'number'),
    [
        ('case1_day20_slice_0007', 'case1_day20', 7),
        ('a/12', 'a', 12),
        ('a_b-3', 'a_b', 3),
        ('1.2.3_4', '1.2.3', 4),
    ],
)
def test_ids_of_slices(name, volume, number):
    assert slice_of(records(name)[0])[:2] == (volume, number)


def test_properties_come_before_the_id():
    record = Record(
        'a_1', None, (), properties=dict(volume='b', slice_index=5)
    )
    assert slice_of(record)[:2] == ('b', 5)


def test_slices_are_sorted_within_their_volume():
    found = volumes(records('a_2', 'a_10', 'a_9', 'b_1'), Skipped())
    with pytest.raises(InputError, match=r"'a': slice 9 does not follow .* 3"):
        list(found)
    found = volumes(records('a_11', 'a_10', 'a_9', 'b_1'), Skipped())
    assert [(n, [r.img_id for r in s]) for n, s in found] == [
        ('a', ['a_9', 'a_10', 'a_11']),
        ('b', ['b_1']),
    ]


def test_what_makes_no_volume():
    with pytest.raises(InputError, match='x: expected the id of a slice'):
        list(volumes(records('x'), Skipped()))
    with pytest.raises(InputError, match=r"other volumes .* slices of 'a'"):
        list(volumes(records('a_1', 'b_1', 'a_2'), Skipped()))
    with pytest.raises(InputError, match='slice 1 does not follow'):
        list(volumes(records('a_1', 'a_1'), Skipped()))
    mixed = records('a_1') + records('a_2', shape=(3, 2))
    with pytest.raises(InputError, match=r'several sizes .*\(2, 3\)'):
        list(volumes(mixed, Skipped()))
    skipped = Skipped(strict=False)
    found = [n for n, _ in volumes([*mixed, *records('b_1', 'x')], skipped)]
    assert (found, len(skipped)) == (['b'], 2)
    assert list(volumes([], Skipped())) == []
