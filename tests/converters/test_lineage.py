import pytest

from mmseg_medical.converters.lineage import (
    distinct,
    lineage_of,
    merge,
    seen,
    together,
)

TRAINED = {
    'uwm/train': {'s1': 'case=1', 's2': 'case=1'},
    'x/images': {'7': ''},
}


@pytest.mark.parametrize(
    ('images', 'expected'),
    [
        ({'uwm/train': {'s1': 'case=1'}}, ['s1']),
        ({'uwm/train': {'s9': 'case=1', 's8': 'case=2'}}, ['s9']),  # its case
        ({'uwm/train': {'s9': ''}}, []),
        ({'x/images': {'7': '', '8': ''}}, ['7']),
        ({'y/images': {'7': ''}}, []),  # of another data set
        ({'y/train': {'s9': 'case=1'}}, []),
    ],
)
def test_images_and_groups_that_were_seen(images, expected):
    assert seen(images, TRAINED) == expected


def test_listings_are_merged():
    more = {'x/images': {'8': ''}, 'z': {}}
    merged = merge([TRAINED, more])
    assert merged == {**TRAINED, 'x/images': {'7': '', '8': ''}, 'z': {}}
    assert TRAINED['x/images'] == {'7': ''}


def test_what_checkpoints_say_together():
    one = dict(held_out=dict(fold=1), trained_on=TRAINED, pseudo_labels=['a'])
    meta = dict(one, epoch=3)
    assert lineage_of(meta) == one
    assert lineage_of(dict(trained_on=None)) == {}
    other = dict(
        held_out=dict(fold=1),
        trained_on={'x/images': {'8': ''}},
        pseudo_labels=['b', 'a'],
    )
    both = together([meta, other])
    assert both['held_out'] == dict(fold=1)
    assert both['trained_on']['x/images'] == {'7': '', '8': ''}
    assert both['pseudo_labels'] == ['a', 'b']
    assert together([one, dict(other, held_out=None)])['held_out'] is None
    unknown = together([one, {}])
    assert unknown == dict(held_out=None, trained_on=None, pseudo_labels=None)


def test_what_came_before_is_left_out():
    assert distinct([{'a': 1}, {'b': 1}, {'a': 1}]) == [{'a': 1}, {'b': 1}]
