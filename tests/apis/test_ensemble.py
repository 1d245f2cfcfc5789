import json
from pathlib import Path

import numpy as np
import pytest

from mmseg_medical.apis.ensemble import ensemble
from mmseg_medical.apis.members import Members
from mmseg_medical.apis.submission import write_submission
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.errors import InputError

ONE = dict(a=[[0.0, 0.2, 1.0]], b=[[0.4, 0.4, 0.4]])
TWO = dict(a=[[0.8, 0.6, 0.6]], b=[[0.0, 0.8, 0.2]])


@pytest.fixture
def pair(write_maps):
    """Maps of two models."""
    return [
        write_maps('one', ONE, meta=dict(a=dict(organ='lung'))),
        write_maps('two', TWO, scores=dict(presence=0.5), trained_on=['z']),
    ]


def values(maps, img_id='a'):
    return (maps.read(img_id)[0, 0] / maps.levels).tolist()


@pytest.mark.parametrize(
    ('method', 'weights', 'expected'),
    [
        ('mean', None, [0.4, 0.4, 0.8]),
        ('mean', [3, 1], [0.2, 0.3, 0.9]),
        ('mean', [1, 0], [0.0, 0.2, 1.0]),
        ('geometric', None, [0, 0.12**0.5, 0.6**0.5]),
        ('max', None, [0.8, 0.6, 1.0]),
    ],
)
def test_values_by_hand(pair, tmp_path, method, weights, expected):
    maps = ensemble(pair, tmp_path / 'out', method=method, weights=weights)
    np.testing.assert_allclose(values(maps), expected, atol=3e-3)
    assert maps.classes == ['background', 'lung']
    assert maps.postprocess == dict(mask_thr=0.5)
    assert maps.meta('a') == dict(organ='lung')
    said = maps.origin['ensemble']
    assert said['method'] == method
    assert [m['name'] for m in said['members']] == ['one', 'two'][
        : 1 + (weights != [1, 0])
    ]


def test_ranks_are_of_all_images(write_maps, tmp_path):
    """The second model is half as sure of everything."""
    half = {k: np.array(v) / 2 for k, v in ONE.items()}
    folders = [write_maps('one', ONE), write_maps('two', half)]
    maps = ensemble(folders, tmp_path / 'out', method='rank')
    for name, probs in ONE.items():
        expected = np.array(probs[0]) * 0.75
        np.testing.assert_allclose(values(maps, name), expected, atol=5e-3)


def test_it_is_a_folder_of_maps_as_any_other(pair, tmp_path):
    out = tmp_path / 'out'
    ensemble(pair, out, weights=[3, 1], bits=16)
    maps = ProbabilityMaps.open(out)
    assert maps.bits == 16
    assert maps.missing() == []
    assert maps.images == {'x': {'a': '', 'b': ''}}
    assert maps.lineage('a') == {
        'one.pth 0123': {},
        'two.pth 0123': dict(trained_on={'x': {'z': ''}}, pseudo_labels=[]),
    }
    assert maps.checkpoints == ['one.pth 0123', 'two.pth 0123']
    assert write_submission('hubmap', out, tmp_path / 's.csv') == 2
    again = Members.open([out, pair[0]])  # of which another is made
    np.testing.assert_allclose(again.probs('a')[0, 0, 0], 0.1, atol=2e-3)


def test_decisions_are_those_of_the_mean(write_maps, tmp_path):
    """Rounding moves nothing over the threshold, also in bands."""
    rng = np.random.default_rng(0)
    maps = [
        write_maps(
            str(k),
            dict(a=rng.random((3, 700, 40))),
            task='multilabel',
            classes=('x', 'y', 'z'),
        )
        for k in range(3)
    ]
    made = ensemble(maps, tmp_path / 'out', weights=[5, 3, 1])
    probs = Members.open(maps, [5, 3, 1]).probs('a')
    np.testing.assert_array_equal(made.masks('a'), probs > np.float32(0.5))


def test_exclusive_classes_keep_their_winner(write_maps, tmp_path):
    rng = np.random.default_rng(0)
    folders = []
    for k in range(3):
        probs = rng.random((4, 300, 20)) + 5  # nearly alike
        folders.append(
            write_maps(
                str(k),
                dict(a=probs / probs.sum(0)),
                task='multiclass',
                classes=('bg', 'x', 'y', 'z'),
                bits=16,
            )
        )
    for method in ('mean', 'geometric', 'max'):
        made = ensemble(folders, tmp_path / method, method=method, bits=8)
        probs = Members.open(folders, method=method).probs('a')
        np.testing.assert_array_equal(
            made.read('a').argmax(0), probs.argmax(0)
        )
    with pytest.raises(InputError, match='exclude each other, and ranks'):
        ensemble(folders, tmp_path / 'rank', method='rank')
    with pytest.raises(InputError, match='most likely one counts; leave'):
        ensemble(folders, tmp_path / 'thr', mask_thr=0.4)


def test_what_was_stopped_goes_on(pair, tmp_path, monkeypatch):
    out = tmp_path / 'out'
    write = ProbabilityMaps.write_bands

    def stop(self, img_id, *args, **kwargs):
        if img_id == 'b':
            raise KeyboardInterrupt
        write(self, img_id, *args, **kwargs)

    monkeypatch.setattr(ProbabilityMaps, 'write_bands', stop)
    with pytest.raises(KeyboardInterrupt):
        ensemble(pair, out)
    maps = ProbabilityMaps.open(out)
    assert maps.missing() == ['b']
    assert not ProbabilityMaps.is_complete(out)
    before = maps.path('a').stat().st_mtime_ns
    monkeypatch.undo()
    ensemble(pair, out)
    assert ProbabilityMaps.is_complete(out)
    assert maps.path('a').stat().st_mtime_ns == before
    np.testing.assert_allclose(values(maps, 'b'), [0.2, 0.6, 0.3], atol=3e-3)


@pytest.mark.parametrize(
    'change',
    [
        dict(weights=[1, 2]),
        dict(method='max'),
        dict(mask_thr=0.4),
        dict(bits=16),
        'members',
    ],
)
def test_another_ensemble_is_not_mixed_in(pair, tmp_path, write_maps, change):
    ensemble(pair, tmp_path / 'out')
    if change == 'members':
        pair, change = [pair[0], write_maps('three', TWO)], {}
    with pytest.raises(InputError, match=r'out holds the maps of another'):
        ensemble(pair, tmp_path / 'out', **change)


def fold_maps(write_maps, net, probs):
    """Out-of-fold maps of two folds of one image."""
    for fold, name in enumerate('ab'):
        write_maps(f'{net}/fold_{fold}', {name: probs[name]}, fold=fold)


def test_maps_of_folds_stay_such(write_maps, tmp_path):
    fold_maps(write_maps, 'unet', ONE)
    fold_maps(write_maps, 'segformer', TWO)
    ProbabilityMaps.join(tmp_path / 'unet', ['fold_0', 'fold_1'])
    folders = [tmp_path / 'unet', tmp_path / 'segformer']  # not joined yet
    ensemble(folders, tmp_path / 'out')
    maps = ProbabilityMaps.open(tmp_path / 'out')
    assert maps.folders == dict(a='fold_0', b='fold_1')
    assert maps.path('b') == tmp_path / 'out' / 'fold_1' / 'b.tiff'
    np.testing.assert_allclose(values(maps, 'b'), [0.2, 0.6, 0.3], atol=3e-3)
    for fold, name in enumerate('ab'):
        held_out = [m['held_out'] for m in maps.lineage(name).values()]
        assert [one['fold'] for one in held_out] == [fold, fold]
    assert len(maps.checkpoints) == 4
    assert not (tmp_path / 'segformer' / 'maps.json').exists()


def test_folds_of_two_splits(write_maps, tmp_path):
    fold_maps(write_maps, 'unet', ONE)
    for fold, name in enumerate('ba'):
        write_maps(f'net/fold_{fold}', {name: TWO[name]}, fold=fold)
    with pytest.raises(
        InputError, match=r"'a' is of fold_0 in .*unet and of fold_1 in .*net"
    ):
        ensemble([tmp_path / 'unet', tmp_path / 'net'], tmp_path / 'out')


def test_maps_of_two_sizes_leave_nothing(pair, write_maps, tmp_path):
    three = write_maps('three', {**TWO, 'b': [[0.1, 0.2]]})
    with pytest.raises(
        InputError, match=r'three/b\.tiff has 1 x 2 pixels .*one/b\.tiff 1 x 3'
    ):
        ensemble([*pair, three], tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_a_map_of_another_model_in_a_folder(pair, tmp_path):
    Path(pair[0], 'b.tiff').write_bytes(Path(pair[1], 'b.tiff').read_bytes())
    with pytest.raises(
        InputError, match=r'one/b\.tiff is a map of another model or test'
    ):
        ensemble(pair, tmp_path / 'out')
    Path(pair[0], 'b.tiff').write_bytes(Path(pair[0], 'a.tiff').read_bytes())
    with pytest.raises(InputError, match=r'map of another image \(a\)'):
        ensemble(pair, tmp_path / 'out')


def test_where_an_ensemble_cannot_lie(pair, tmp_path):
    for out in (pair[0], tmp_path):
        with pytest.raises(InputError, match=r'is, or holds, .*one that is'):
            ensemble(pair, out)


def test_thresholds_that_differ(pair, tmp_path):
    path = Path(pair[1], 'maps.json')
    state = json.loads(path.read_text())
    path.write_text(json.dumps(state | dict(postprocess=dict(mask_thr=0.4))))
    with pytest.raises(InputError, match=r'two has mask_thr 0\.4, .* 0\.5'):
        ensemble(pair, tmp_path / 'out')
    maps = ensemble(pair, tmp_path / 'out', mask_thr=dict(lung=0.3))
    assert maps.postprocess == dict(mask_thr=0.3)
    with pytest.raises(InputError, match='expected probabilities in'):
        ensemble(pair, tmp_path / 'o', mask_thr=3)
