import json

import numpy as np
import pytest

from mmseg_medical.converters.probability_levels import quantize
from mmseg_medical.converters.probability_maps import (
    ProbabilityMaps,
    file_digest,
)
from mmseg_medical.converters.tiff import Region, TIFFImage


def maps(folder, task='binary', classes=('bg', 'fg'), **changes):
    return ProbabilityMaps(
        folder,
        **dict(
            ids=['a', 'case/b'],
            task=task,
            classes=classes,
            postprocess=dict(mask_thr=0.5),
            origin=dict(sha256='0'),
            **changes,
        ),
    )


def test_what_is_written_is_read(tmp_path):
    probs = np.random.default_rng(0).random((1, 300, 20))
    written = maps(tmp_path / 'maps')
    written.start()
    assert written.missing() == ['a', 'case/b']
    written.write('case/b', probs)
    read = ProbabilityMaps.open(tmp_path / 'maps')
    assert read.missing() == ['a']
    assert vars(read) == vars(written)
    out = read.read('case/b')
    np.testing.assert_allclose(out / 255, probs, atol=0.5 / 255 + 1e-9)
    region = Region(250, 3, 40, 10)
    np.testing.assert_array_equal(
        read.read('case/b', region), out[:, region.slices[0], 3:13]
    )
    assert TIFFImage(read.path('case/b'))._key.is_tiled


def test_maps_of_16_bits(tmp_path):
    probs = np.random.default_rng(0).random((1, 40, 20))
    written = maps(tmp_path, bits=16)
    written.start()
    written.write('a', probs)
    read = ProbabilityMaps.open(tmp_path)
    stored = read.read('a')
    assert stored.dtype == np.uint16
    np.testing.assert_allclose(stored / 65535, probs, atol=0.5 / 65535 + 1e-9)
    np.testing.assert_array_equal(read.masks('a'), probs > 0.5)
    with pytest.raises(ValueError, match='8 or 16 bits, got 12'):
        maps(tmp_path, bits=12)


def test_masks_of_every_task(tmp_path):
    rng = np.random.default_rng(0)
    probs = rng.random((3, 20, 30))
    exclusive = maps(tmp_path / 'x', 'multiclass', ('bg', 'a', 'b'))
    exclusive.write('a', probs)
    labels = exclusive.read('a').argmax(0)
    found = exclusive.masks('a')
    assert found.shape == (2, 20, 30)
    np.testing.assert_array_equal(found[1], labels == 2)
    overlapping = maps(tmp_path / 'o', 'multilabel', ('a', 'b', 'c'))
    overlapping.postprocess = dict(mask_thr=[0.2, 0.5, 0.8])
    overlapping.write('a', probs)
    np.testing.assert_array_equal(
        overlapping.masks('a'),
        probs > np.reshape([0.2, 0.5, 0.8], (3, 1, 1)),
    )
    highest = overlapping.pipeline(mask_thr=1.0)
    assert overlapping.masks('a', pipeline=highest).sum() == 0


@pytest.mark.parametrize('task', ['binary', 'multiclass', 'multilabel'])
def test_a_gate_closes_what_the_test_closed(tmp_path, task):
    written = maps(tmp_path, task, ('bg', 'fg'))
    written.postprocess = dict(mask_thr=0.5, gate_thr=0.4)
    probs = np.full((1 if task == 'binary' else 2, 20, 30), 0.6)
    probs[0] -= 0.1 * (task == 'multiclass')
    for name, presence in (('a', 0.39), ('b', 0.41)):
        written.write(name, probs, scores=dict(presence=presence))
        assert written.scores(name) == dict(presence=presence)
        assert written.masks(name).all() == (presence > 0.4)
        assert written.masks(name).any() == (presence > 0.4)


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('classes', [3, 300])
def test_rounding_keeps_the_most_likely_class(bits, classes, tmp_path):
    rng = np.random.default_rng(0)
    probs = rng.random((classes, 100, 30)).astype(np.float32) + 3
    probs /= probs.sum(0)  # nearly alike
    names = [str(k) for k in range(classes)]
    written = maps(tmp_path, 'multiclass', names, bits=bits)
    written.write('a', probs)
    level = written.read('a')
    np.testing.assert_array_equal(level.argmax(0), probs.argmax(0))
    np.testing.assert_allclose(
        level / written.levels, probs, atol=1.51 / written.levels
    )


@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('shape', [(3, 5, 3), (1, 5, 3), (2, 1, 1), (3, 3, 3)])
def test_images_of_a_few_pixels(shape, bits, tmp_path):
    """Three columns are no three colours."""
    probs = np.random.default_rng(0).random(shape)
    names = [str(k) for k in range(len(probs))]
    written = maps(tmp_path, 'multilabel', names, bits=bits)
    written.write('a', probs)
    np.testing.assert_array_equal(
        written.read('a'), quantize(probs, 0.5, bits=bits)
    )


@pytest.mark.parametrize('name', ['../a', 'b/../../a', '/a', 'b\\..\\..\\a'])
def test_no_id_leads_out_of_the_folder(name, tmp_path):
    with pytest.raises(ValueError, match=r'no name of a file in .*leads'):
        maps(tmp_path / 'maps').write(name, np.zeros((1, 4, 4)))
    assert not list(tmp_path.rglob('*.tiff'))


def test_two_images_of_one_id_are_refused(tmp_path):
    written = maps(tmp_path)
    written.ids = ['a', 'b', 'a']
    with pytest.raises(ValueError, match=r"1 ids are .* first 'a': their"):
        written.start()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(ids=['a']), 'another test: ids there is'),
        (dict(task='multiclass'), 'another test: task'),
        (dict(origin=dict(sha256='1')), r'origin\.sha256 there is 0, here 1'),
        (dict(origin=dict(sha256='0', crop=9)), r'crop there is None, here 9'),
        (dict(postprocess=dict(mask_thr=0.4)), 'another test: postprocess'),
    ],
)
def test_a_folder_is_of_one_test(tmp_path, change, message):
    maps(tmp_path).start()
    maps(tmp_path).start()  # again, after a stop
    other = maps(tmp_path)
    vars(other).update(change)
    with pytest.raises(ValueError, match=message):
        other.start()


def test_what_is_no_folder_of_maps(tmp_path):
    with pytest.raises(ValueError, match=r'no probability maps \(maps.json'):
        ProbabilityMaps.open(tmp_path)
    for text in ('{', json.dumps(dict(ids=[]))):
        (tmp_path / 'maps.json').write_text(text)
        with pytest.raises(ValueError, match=r'maps\.json is no list of maps'):
            ProbabilityMaps.open(tmp_path)


def test_the_digest_is_sha256(tmp_path):
    (tmp_path / 'a').write_bytes(b'abc')
    assert file_digest(tmp_path / 'a').startswith('ba7816bf8f01cfea')


def filled(folder, ids, **changes):
    """Maps of a test, one value per image."""
    some = maps(folder, **changes)
    some.ids = list(ids)
    some.start()
    for k, name in enumerate(ids):
        some.write(name, np.full((1, 4, 5), 0.1 * k))
    return some


def test_maps_of_several_tests_are_joined_where_they_lie(tmp_path):
    filled(tmp_path / 'fold_0', ['c', 'case/d'])
    filled(tmp_path / 'fold_1', ['a'])
    joined = ProbabilityMaps.join(tmp_path, ['fold_0', 'fold_1'])
    assert joined.missing() == []
    read = ProbabilityMaps.open(tmp_path)
    assert vars(read) == vars(joined)
    assert read.ids == ['c', 'case/d', 'a']
    assert read.path('case/d') == tmp_path / 'fold_0' / 'case' / 'd.tiff'
    assert read.read('case/d')[0, 0, 0] == 26
    assert read.origin == dict(fold_0={'sha256': '0'}, fold_1={'sha256': '0'})
    # Again, with one more.
    filled(tmp_path / 'fold_2', ['b'])
    ProbabilityMaps.join(tmp_path, ['fold_0', 'fold_1', 'fold_2'])
    assert len(ProbabilityMaps.open(tmp_path).ids) == 4
    assert ProbabilityMaps.is_complete(tmp_path)
    (tmp_path / 'fold_2' / 'b.tiff').unlink()
    assert not ProbabilityMaps.is_complete(tmp_path)
    assert not ProbabilityMaps.is_complete(tmp_path / 'none')


@pytest.mark.parametrize(
    ('ids', 'changes', 'message'),
    [
        (['c'], {}, r"image 'c' is in .*fold_1 and in fold_0"),
        (['a'], dict(bits=16), r'fold_1 and .*fold_0 differ in bits: 16, 8'),
        (['a'], dict(task='multilabel'), 'differ in task'),
    ],
)
def test_tests_that_are_not_of_one_kind_are_not_joined(
    tmp_path, ids, changes, message
):
    filled(tmp_path / 'fold_0', ['b', 'c'])
    filled(tmp_path / 'fold_1', ids, **changes)
    with pytest.raises(ValueError, match=message):
        ProbabilityMaps.join(tmp_path, ['fold_0', 'fold_1'])
    assert not (tmp_path / 'maps.json').exists()


def test_half_a_test_is_not_joined(tmp_path):
    filled(tmp_path / 'fold_0', ['b', 'c']).path('c').unlink()
    with pytest.raises(ValueError, match=r"fold_0 lacks 1 of 2 maps, .*'c'"):
        ProbabilityMaps.join(tmp_path, ['fold_0'])
    filled(tmp_path, ['x'])
    filled(tmp_path / 'fold_1', ['b'])
    with pytest.raises(ValueError, match='holds the maps of a test; choose'):
        ProbabilityMaps.join(tmp_path, ['fold_1'])


@pytest.mark.parametrize(
    'change',
    [
        dict(ids=['../b']),
        dict(ids=['/etc/b']),
        dict(ids=['b'], folders={'b': '../..'}),
    ],
)
def test_a_list_of_maps_stays_in_its_folder(tmp_path, change):
    some = filled(tmp_path / 'maps', ['b'])
    path = some.folder / 'maps.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=r'maps\.json .* leads out of it'):
        ProbabilityMaps.open(some.folder)
