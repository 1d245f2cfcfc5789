import numpy as np
import pytest
import torch

from mmseg_medical.contrast import clahe
from mmseg_medical.models.views import (
    SYMMETRIES,
    Merge,
    Variant,
    apply_symmetry,
    undo_symmetry,
)


@pytest.mark.parametrize('name', SYMMETRIES)
@pytest.mark.parametrize('shape', [(3, 5, 8), (2, 7, 7), (1, 1, 4)])
def test_every_symmetry_is_undone_exactly(name, shape):
    x = torch.randn(shape)
    torch.testing.assert_close(
        undo_symmetry(apply_symmetry(x, name), name), x, rtol=0, atol=0
    )


def test_the_eight_symmetries_differ():
    x = torch.arange(6).reshape(1, 2, 3)
    views = {str(apply_symmetry(x, name).tolist()) for name in SYMMETRIES}
    assert len(views) == 8
    assert (
        apply_symmetry(x, 'rot90').tolist()
        == torch.rot90(x, 1, (1, 2)).tolist()
    )
    assert (
        apply_symmetry(x, 'rot270').tolist()
        == torch.rot90(x, -1, (1, 2)).tolist()
    )


def test_a_variant_changes_what_it_says():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (41, 61, 3), np.uint8)
    img = torch.from_numpy(pixels).permute(2, 0, 1)
    assert Variant().apply(img) is img
    bright = Variant(brightness=20).apply(img)
    assert bright.dtype == torch.uint8
    torch.testing.assert_close(
        bright.int(), (img.int() + 20).clamp(max=255), check_dtype=False
    )
    np.testing.assert_array_equal(
        Variant(clahe=2.0).apply(img).permute(1, 2, 0),
        clahe(pixels, 2.0, bgr=True),
    )
    assert Variant(scale=0.5).apply(img).shape == (3, 20, 30)
    flat = torch.full((1, 9, 9), 77, dtype=torch.uint8)
    assert (Variant(scale=1.5).apply(flat) == 77).all()
    half = Variant(brightness=0.25).apply(torch.zeros(1, 2, 2))
    assert (half == 0.25).all()


@pytest.mark.parametrize(
    ('cfg', 'message'),
    [
        (dict(zoom=2), r"unknown keys \['zoom'\] .* \('scale'"),
        (dict(scale=0), 'scale of a TTA variant is 0'),
        (dict(weight=-1), 'weight of a TTA variant is -1'),
        (dict(clahe=0), 'clahe of a TTA variant is 0'),
        (dict(scale='0.5'), "scale of a TTA variant is '0.5'"),
        (dict(scale=None), 'scale of a TTA variant is None'),
        (dict(brightness='5'), "brightness .* is '5', expected a number$"),
    ],
)
def test_variants_are_checked(cfg, message):
    with pytest.raises(ValueError, match=message):
        Variant.of(cfg)


def merged(kind, weights=(1, 1), exclusive=False):
    merge = Merge(kind, exclusive=exclusive)
    for level, weight in zip((0.2, 0.8, 0.8), weights, strict=False):
        probs = torch.full((1, 1, 1), level)
        if exclusive:
            probs = torch.cat([1 - probs, probs])
        merge.add(probs, weight)
    return merge.result().flatten()[-1].item()


@pytest.mark.parametrize(
    ('kind', 'weights', 'expected'),
    [
        ('mean', (1, 1), 0.5),
        ('mean', (1, 3), 0.65),
        ('mean', (2, 1, 1), 0.5),
        ('max', (3, 1), 0.8),
        ('max', (5, 1), 0.8),  # not 5 times the 0.2 of the first
        ('geometric', (1, 1), 0.5),
        # sigmoid((logit(0.2) + 3 logit(0.8)) / 4) = sigmoid(ln 2)
        ('geometric', (1, 3), 2 / 3),
    ],
)
def test_merges_by_hand(kind, weights, expected):
    assert merged(kind, weights) == pytest.approx(expected)
    if kind != 'max':  # two channels are one
        assert merged(kind, weights, True) == pytest.approx(expected)


def test_inputs_are_not_changed_by_merging():
    x = torch.full((1, 2, 2), 0.25)
    for kind in ('mean', 'geometric', 'max'):
        merge = Merge(kind)
        merge.add(x)
        merge.add(x, 2)
        torch.testing.assert_close(merge.result(), x)
        assert (x == 0.25).all()


def test_what_cannot_be_merged():
    with pytest.raises(ValueError, match=r"merge is one of .*got 'median'"):
        Merge('median')
    with pytest.raises(ValueError, match='nothing to merge'):
        Merge().result()
