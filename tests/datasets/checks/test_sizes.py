import numpy as np

from mmseg_medical.datasets.checks.finding import About, Severity
from mmseg_medical.datasets.checks.sizes import (
    check_channels,
    check_mask_sizes,
    check_table_sizes,
    check_types,
    check_varying,
)


def image(*shape, dtype=np.uint8):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def test_sizes_of_the_table(observed):
    one = observed('10078', part='train', problems={'table_size': '2023'})
    about = About(takes=frozenset(['wrong_sizes']))
    (found,) = check_table_sizes([one, observed()], about)
    assert found.severity == Severity.ERROR
    assert found.problem == '1 image of another size than the table says'
    assert found.config == dict(dataset=dict(wrong_sizes=['10078']))
    (found,) = check_table_sizes([one], About())
    assert not found.config
    assert found.cure.startswith('the table or the files are wrong')
    told = dict(height=10, width=8)  # of an image of 8 x 10
    one = observed('a', problems={'table_size': '10 x 8'}, facts=told)
    (found,) = check_table_sizes([one], About())
    assert found.cure.startswith('height and width are exchanged')
    assert not list(check_table_sizes([observed()], About()))


def test_masks_of_another_size(observed):
    turned = observed(
        img=image(8, 10, 3),
        mask=np.ones((10, 8), np.uint8),
        problems={'mask_size': '10 x 8'},
    )
    (found,) = check_mask_sizes([turned], About())
    assert found.problem == '1 mask of another size than the image'
    assert 'height and width are exchanged' in found.cure
    other = observed(
        'b', mask=np.ones((4, 5), np.uint8), problems={'mask_size': '4 x 5'}
    )
    (found,) = check_mask_sizes([turned, other], About())
    assert 'nearest-neighbour' in found.cure
    assert not list(check_mask_sizes([observed()], About()))


def test_gray_among_colours(observed):
    every = [observed('a'), observed('b'), observed('c', img=image(8, 10, 1))]
    (found,) = check_channels(every, About())
    assert found.severity == Severity.ERROR
    assert (
        found.problem
        == 'images of several numbers of channels: 3 in 2, 1 in 1'
    )
    assert found.names == ('c',)
    assert found.config == dict(type='LoadImageRegion', channels=3)
    assert not list(check_channels(every[:2], About()))


def test_types_that_differ(observed):
    every = [observed('a'), observed('b', img=image(8, 10, dtype=np.int16))]
    (found,) = check_types(every, About())
    assert found.problem == 'images of several types: uint8 in 1, int16 in 1'
    assert found.names == ('b',)
    assert not list(check_types(every[:1], About()))


def test_sizes_that_vary_are_worth_a_note(observed):
    every = [
        observed(str(k), img=image(8 + k, 10), mask=False) for k in range(6)
    ]
    (found,) = check_varying(every, About())
    assert found.severity == Severity.NOTE
    assert found.problem == '6 sizes (height x width): 8 x 10, …, 13 x 10'
    assert not list(check_varying(every[:1], About()))
