import json

import numpy as np
import pytest

from mmseg_medical.converters.pseudo_labels import PseudoLabels, read_mask
from mmseg_medical.converters.tiff import Region
from mmseg_medical.errors import InputError


@pytest.fixture
def labels(tmp_path):
    """Two masks of two models, and an image that was left out."""
    made = PseudoLabels(tmp_path / 'labels')
    made.provenance = dict(
        round=1,
        parents=[],
        task='binary',
        classes=['background', 'gland'],
        models=dict(aa=dict(checkpoint='a.pth 01'), bb=dict(checkpoint='b')),
    )
    for name, models in (('a', 'aa'), ('case/b', 'aa bb')):
        made.rows[name] = dict(
            id=name, confidence='0.9', sure='1', foreground='0', models=models
        )
        made.write_mask(name, np.full((300, 20), 255, np.uint8))
    made.left_out['c'] = 'empty'
    made.write()
    return made


def test_what_is_written_is_read(labels):
    found = PseudoLabels.open(labels.folder)
    assert vars(found) == vars(labels)
    assert found.counts() == dict(images=3, kept=2, empty=1)
    assert found.path('case/b').is_file()
    assert [*found.models(['a'])] == ['aa']
    assert found.models(['a', 'case/b']) == labels.provenance['models']
    reference = found.reference()
    assert reference['round'] == 1
    (labels.folder / 'provenance.json').write_text('{}')
    assert found.reference()['sha256'] != reference['sha256']


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (None, r'no pseudo labels \(provenance\.json .*tools/pseudo_label.py'),
        ('{', r'provenance\.json cannot be read'),
        ('{"task": "binary"}', "it has no 'classes'"),
    ],
)
def test_masks_without_their_origin_are_refused(labels, change, message):
    path = labels.folder / 'provenance.json'
    path.unlink()
    if change:
        path.write_text(change)
    with pytest.raises(InputError, match=message):
        PseudoLabels.open(labels.folder)


def test_a_table_of_other_models_is_refused(labels):
    del labels.provenance['models']['bb']
    text = json.dumps(labels.provenance)
    (labels.folder / 'provenance.json').write_text(text)
    with pytest.raises(InputError, match=r'id case/b: model bb is not in'):
        PseudoLabels.open(labels.folder)


def test_the_folder_of_several_folds_is_named(labels):
    labels.folder.rename(labels.folder.with_name('fold_0'))
    with pytest.raises(
        InputError, match=r'those of folds are there: .*fold_{'
    ):
        PseudoLabels.open(labels.folder.parent)


def test_ids_stay_in_the_folder(labels):
    with pytest.raises(InputError, match='leads out of it'):
        labels.path('../a')


@pytest.mark.parametrize('shape', [(300, 20), (3, 300, 20)])
def test_windows_of_masks(labels, shape):
    mask = np.random.default_rng(0).choice([0, 1, 255], shape).astype('u1')
    labels.write_mask('x', mask)
    window = read_mask(labels.path('x'), (300, 20), Region(250, 3, 40, 10))
    expected = mask[..., 250:290, 3:13]
    if len(shape) == 3:
        expected = expected.transpose(1, 2, 0)
    np.testing.assert_array_equal(window, expected)
    with pytest.raises(
        InputError, match=r'300 x 20 pixels .* its image 20 x 300: was it made'
    ):
        read_mask(labels.path('x'), (20, 300), Region(0, 0, 5, 5))
