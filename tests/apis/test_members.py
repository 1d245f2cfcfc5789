import json
from pathlib import Path

import numpy as np
import pytest

from mmseg_medical.apis.members import Members
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.errors import InputError

A = dict(a=[[0.0, 0.2, 1.0]], b=[[0.4, 0.4, 0.4]])


def test_the_weighted_mean(write_maps):
    """Of 8 and of 16 bits; stored values are rounded."""
    folders = [
        write_maps('one', A),
        write_maps('two', dict(a=[[0.6, 0.6, 0.6]], b=[[0, 0, 0]]), bits=16),
    ]
    members = Members.open(folders, [3, 1])
    assert members.ids == ['a', 'b']
    assert members.weights == [0.75, 0.25]
    assert members.channels == ['lung']
    mean = members.probs('a')
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, [[[0.15, 0.3, 0.9]]], atol=2e-3)
    assert members.mask_thr() == 0.5
    assert Members.open(folders).weights == [0.5, 0.5]


def test_what_the_maps_say_of_an_image(write_maps):
    members = Members.open([write_maps(n, A, fold=0) for n in ('one', 'two')])
    models = members.models('a')
    assert [m['checkpoint'] for m in models.values()] == [
        'one.pth 0123',
        'two.pth 0123',
    ]
    assert {m['held_out']['fold'] for m in models.values()} == {0}
    assert members.image('b') == {'x': {'b': ''}}


def test_out_of_fold_maps_are_of_a_model_each(write_maps, tmp_path):
    for fold, name in ((0, 'a'), (1, 'b')):
        write_maps(
            f'fold_{fold}', {name: A[name]}, fold=fold, trained_on=['z']
        )
    ProbabilityMaps.join(tmp_path, ['fold_0', 'fold_1'])
    members = Members.open([tmp_path])
    assert members.ids == ['a', 'b']
    for fold, name in ((0, 'a'), (1, 'b')):
        (model,) = members.models(name).values()
        assert model['held_out']['fold'] == fold
        assert model['trained_on'] == {'x': {'z': ''}}
        assert members.image(name) == {'x': {name: ''}}
    with pytest.raises(InputError, match=r'models that held out \[0, 1\]'):
        members.by_fold()


def test_members_of_each_fold(write_maps):
    folders = [
        write_maps(f'{net}_{fold}', A, fold=fold)
        for net in ('unet', 'segformer')
        for fold in (0, 1)
    ]
    found = Members.open(folders, [1, 1, 3, 3]).by_fold()
    assert [*found] == ['fold_0', 'fold_1']
    names = [Path(folder).name for folder in found['fold_1'].folders]
    assert names == ['unet_1', 'segformer_1']
    assert found['fold_1'].weights == [0.25, 0.75]


def test_folds_that_are_not_known_or_of_two_splits(write_maps):
    one = write_maps('one', A, fold=0)
    unknown = write_maps('two', A)
    with pytest.raises(
        InputError, match=r'two is of .* no fold that is known'
    ):
        Members.open([one, unknown]).by_fold()
    other = write_maps('three', A, fold=1)
    path = Path(other, 'maps.json')
    path.write_text(path.read_text().replace('s.csv', 't.csv'))
    with pytest.raises(
        InputError, match=r'one and .*three were .* two splits'
    ):
        Members.open([one, other]).by_fold()
    path.write_text(
        json.dumps(
            json.loads(path.read_text())
            | dict(
                origin=dict(
                    lineage={
                        'a': dict(held_out=dict(fold=2)),
                        'b': dict(held_out=dict(fold=3)),
                    }
                )
            )
        )
    )
    with pytest.raises(
        InputError, match=r'models that held out \[2, 3\]; --p'
    ):
        Members.open([other]).by_fold()


def test_what_the_tests_say_of_an_image(write_maps):
    scores = dict(presence=0.2, organ='lung'), dict(presence=0.6, size=3)
    meta = dict(a=dict(organ='lung'))
    folders = [
        write_maps(name, A, scores=one, meta=meta)
        for name, one in zip(('one', 'two'), scores, strict=True)
    ]
    members = Members.open(folders, [1, 3])
    assert members.scores('a') == dict(presence=pytest.approx(0.5))
    assert members.meta('a') == dict(organ='lung')


def test_the_gate_of_the_tests(write_maps):
    folders = [
        write_maps(name, A, scores=dict(presence=p), gate_thr=0.5)
        for name, p in (('one', 0.2), ('two', 0.6))
    ]
    assert Members.open(folders).absence('a') == pytest.approx(0.6)
    assert Members.open(folders, [1, 9]).absence('a') is None
    assert Members.open([write_maps('three', A)]).absence('a') is None


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            dict(probs=dict(a=A['a'])),
            r"1 are in one of .* first 'b' in .*one;",
        ),
        (dict(probs={**A, 'c': A['a']}), r"first 'c' in .*two; test all"),
        (dict(classes=('background', 'liver')), r"two has classes \['backgr"),
        (
            dict(task='multilabel', classes=('lung',)),
            'two has task multilabel',
        ),
        (dict(gate_thr=0.5, scores={'presence': 1}), 'has gate_thr 0.5'),
    ],
)
def test_maps_that_are_of_two_kinds(write_maps, change, message):
    options = dict(change)
    two = write_maps('two', options.pop('probs', A), **options)
    with pytest.raises(InputError, match=message):
        Members.open([write_maps('one', A), two])


def test_maps_of_two_sizes(write_maps):
    one = write_maps('one', A)
    two = write_maps('two', {**A, 'b': [[0.5, 0.5]]})
    members = Members.open([one, two])
    members.probs('a')
    with pytest.raises(
        InputError, match=r'two/b\.tiff has 1 x 2 pixels .*one/b\.tiff 1 x 3'
    ):
        members.probs('b')


def test_what_is_missing_or_twice(write_maps):
    one = write_maps('one', A)
    with pytest.raises(
        InputError, match=r'one weight of 0 or more, .* each of 1 m'
    ):
        Members.open([one], [0.0])
    with pytest.raises(
        InputError, match='one is named twice; raise its weight'
    ):
        Members.open([one, f'{one}/.'])
    two = write_maps('two', A)
    path = Path(two, 'maps.json')
    path.write_text(
        path.read_text().replace('"mask_thr": 0.5', '"mask_thr": 0.4')
    )
    with pytest.raises(
        InputError, match=r'two has mask_thr 0.4, .* 0.5; give'
    ):
        Members.open([one, two]).mask_thr()
    Path(one, 'b.tiff').unlink()
    with pytest.raises(InputError, match=r"one lacks 1 of 2 maps, first 'b'"):
        Members.open([one])
