import json

import numpy as np
import pytest

from mmseg_medical.converters.probability_maps import (
    ProbabilityMaps,
    file_digest,
    quantize,
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


@pytest.mark.parametrize('thr', [0.0, 0.2, 0.35, 0.4, 0.5, 0.6, 0.8, 0.99, 1])
@pytest.mark.parametrize('kind', [np.float32, np.float64])
@pytest.mark.parametrize('bits', [8, 16])
def test_rounding_never_crosses_the_threshold(thr, kind, bits):
    levels = 2**bits - 1
    probs = np.linspace(0, 1, 200_001, dtype=kind).reshape(1, 1, -1)
    level = quantize(probs, thr, bits=bits)
    assert level.dtype == f'uint{bits}'
    np.testing.assert_array_equal(level > thr * levels, probs > kind(thr))
    assert np.abs(level / levels - probs).max() < 1 / levels + 1e-6
    # and back, as a test that goes on compares it
    stored = level.astype(np.float32) / np.float32(levels)
    np.testing.assert_array_equal(stored > np.float32(thr), probs > kind(thr))


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


def test_each_channel_has_its_threshold():
    probs = np.full((2, 1, 1), 0.3)
    level = quantize(probs, [0.2, 0.4])
    assert level[0] > 0.2 * 255
    assert level[1] <= 0.4 * 255


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
    assert overlapping.masks('a', mask_thr=1.0).sum() == 0


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(ids=['a']), 'another test: ids there is'),
        (dict(task='multiclass'), 'another test: task'),
        (dict(origin=dict(sha256='1')), 'another test: origin'),
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
    with pytest.raises(ValueError, match=r'maps\.json names a map outside'):
        ProbabilityMaps.open(some.folder)
