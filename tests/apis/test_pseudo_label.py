import json

import numpy as np
import pytest

from mmseg_medical.apis.label_rules import LabelRules
from mmseg_medical.apis.pseudo_label import notes_on, pseudo_label
from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.probability_maps import file_digest
from mmseg_medical.converters.pseudo_labels import PseudoLabels
from mmseg_medical.converters.table import read_table
from mmseg_medical.converters.tiff import TIFFImage
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.saved import SavedPipeline

# 0.8 and 0.2 are stored as 204 and 51 of 255, exactly.
SURE = [[0.0, 0.2, 0.8], [1.0, 1.0, 1.0]]
UNSURE = [[0.6, 0.6, 0.2], [0.2, 0.2, 0.2]]
EMPTY = [[0.2, 0.0, 0.0], [0.0, 0.0, 0.0]]
IMAGES = dict(sure=SURE, unsure=UNSURE, empty=EMPTY)


@pytest.fixture
def make(write_maps, tmp_path):
    def call(probs=IMAGES, options=None, **rules):
        maps = write_maps(
            'maps', probs, **{'trained_on': [], **(options or {})}
        )
        made = pseudo_label(
            [maps], tmp_path / 'out', rules=LabelRules(**rules)
        )
        return made['']

    return call


def test_masks_with_a_band_that_is_ignored(make):
    made = make(low=0.2, high=0.7)
    masks = {name: read_labels(made.path(name)) for name in made.rows}
    assert masks['sure'].tolist() == [[0, 0, 1], [1, 1, 1]]
    assert masks['unsure'].tolist() == [[255, 255, 0], [0, 0, 0]]
    assert masks['empty'].tolist() == [[0, 0, 0], [0, 0, 0]]
    row = made.rows['sure']
    assert float(row['confidence']) == pytest.approx(3.8 / 4, abs=1e-6)
    assert float(row['sure']) == 1
    assert float(row['foreground']) == pytest.approx(4 / 6, abs=1e-6)
    assert float(made.rows['empty']['confidence']) == pytest.approx(0.8)
    assert float(made.rows['unsure']['sure']) == 0


def test_what_the_folder_says(make, tmp_path):
    made = make(dict(IMAGES, **{'case/b': SURE}), min_sure=0.5, low=0.3)
    found = PseudoLabels.open(tmp_path / 'out')
    assert vars(found) == vars(made)
    told = found.provenance
    (name,) = told['models']
    assert told['models'][name]['checkpoint'] == 'maps.pth 0123'
    assert told['round'] == 1
    assert told['parents'] == []
    assert (told['low'], told['high']) == ({'lung': 0.3}, {'lung': 0.5})
    assert told['rules']['min_sure'] == 0.5
    assert told['images'] == {'x': dict.fromkeys(made.rows, '')}
    assert told['maps'][0]['weight'] == 1
    assert found.rows['case/b']['models'] == name
    assert (tmp_path / 'out/masks/case/b.tiff').is_file()


@pytest.mark.parametrize(
    ('rules', 'kept', 'reasons'),
    [
        (dict(), ['sure', 'unsure', 'empty'], {}),
        (dict(empty=False), ['sure', 'unsure'], {'empty': 'empty'}),
        (
            dict(min_confidence=0.7),
            ['sure', 'empty'],
            {'unsure': 'confidence below 0.7'},
        ),
        (
            dict(low=0.1, min_sure=0.6),
            ['sure'],
            {'unsure': 'sure below 0.6', 'empty': 'sure below 0.6'},
        ),
        (
            dict(limit=1),
            ['sure'],
            {
                'unsure': 'beyond the limit of 1',
                'empty': 'beyond the limit of 1',
            },
        ),
        (
            dict(limit=0.67),
            ['sure', 'empty'],
            {'unsure': 'beyond the limit of 2'},
        ),
        (dict(mask_thr=dict(lung=0.7)), ['sure', 'unsure', 'empty'], {}),
    ],
)
def test_images_that_are_kept(make, tmp_path, rules, kept, reasons):
    made = make(**rules)
    assert [*made.rows] == kept
    assert made.left_out == reasons
    rows = read_table(tmp_path / 'out' / 'left_out.csv', ['id', 'reason'])
    assert {row['id']: row['reason'] for row in rows} == reasons
    files = (tmp_path / 'out' / 'masks').iterdir()
    assert sorted(path.stem for path in files) == sorted(kept)
    assert sum(made.counts().values()) == 3 + len(kept) + len(reasons)


def test_images_whose_labels_a_model_has_learnt(make, write_maps, tmp_path):
    """Out-of-fold maps of one folder pass; maps of all images do not."""
    options = dict(trained_on=['sure', 'empty', 'other'])
    made = make(options=options)
    assert [*made.rows] == ['unsure']
    assert made.counts() == {
        'images': 3,
        'kept': 1,
        'trained on by a model of its map': 2,
    }
    kept = pseudo_label(
        [tmp_path / 'maps'], tmp_path / 'all', rules=LabelRules(trained=True)
    )
    assert len(kept[''].rows) == 3
    assert kept[''].provenance['rules']['trained'] is True
    both = [
        tmp_path / 'maps',
        write_maps('other', IMAGES, trained_on=['unsure']),
    ]
    with pytest.raises(
        InputError,
        match=r'maps, .*other becomes a label \(3 images, 0 kept, 3',
    ):
        pseudo_label(both, tmp_path / 'none')
    assert not (tmp_path / 'none').exists()


def test_masks_of_each_fold(write_maps, tmp_path):
    maps = [
        write_maps(f'maps_{fold}', dict(a=probs), fold=fold, trained_on=['z'])
        for fold, probs in ((1, SURE), (0, EMPTY))
    ]
    made = pseudo_label(maps, tmp_path / 'out', per_fold=True)
    assert [*made] == ['fold_0', 'fold_1']
    for fold, expected in ((0, 0), (1, 4)):
        labels = PseudoLabels.open(tmp_path / 'out' / f'fold_{fold}')
        assert labels.folder == made[f'fold_{fold}'].folder
        assert read_labels(labels.path('a')).sum() == expected
        (model,) = labels.provenance['models'].values()
        assert model['held_out']['fold'] == fold
    mean = pseudo_label(maps, tmp_path / 'mean', weights=[3, 1])['']
    assert read_labels(mean.path('a')).tolist() == [[0, 0, 1], [1, 1, 1]]
    assert len(mean.rows['a']['models'].split()) == 2


def test_rounds_are_counted(make, tmp_path):
    make()
    path = tmp_path / 'maps' / 'maps.json'
    state = json.loads(path.read_text())
    (model,) = state['origin']['lineage'].values()
    parents = [dict(folder='p1', round=1), dict(folder='p3', round=3)]
    model['pseudo_labels'] = parents
    path.write_text(json.dumps(state))
    made = pseudo_label([tmp_path / 'maps'], tmp_path / 'next')['']
    assert made.provenance['round'] == 4
    assert made.provenance['parents'] == parents


def test_an_image_without_a_sure_pixel_is_no_label(make):
    probs = dict(a=[[0.5, 0.5]], b=[[1.0, 0.5]])
    made = make(probs, low=0.2, high=0.8)
    assert made.left_out == {'a': 'no pixel is sure'}


def test_the_gate_of_a_test_empties_a_mask(make):
    options = dict(gate_thr=0.5, scores=dict(presence=0.1))
    made = make(dict(a=SURE), options)
    assert not read_labels(made.path('a')).any()
    assert float(made.rows['a']['confidence']) == pytest.approx(0.9)


def test_thresholds_of_organs_and_parts_that_are_too_small(make, tmp_path):
    """By a pipeline: 0.2 is much in a lung, and one pixel is nothing."""
    steps = [
        dict(
            type='threshold', mask_thr={'organ': {'lung': 0.1, 'spleen': 0.9}}
        ),
        dict(type='remove_small', min_size=2),
    ]
    path = tmp_path / 'postprocess.json'
    saved = SavedPipeline(steps=steps, task='binary', classes=['lung'])
    saved.write(path)
    one = [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    made = make(
        dict(a=SURE, b=SURE, c=one),
        dict(
            meta=dict(
                a=dict(organ='lung'),
                b=dict(organ='spleen'),
                c=dict(organ='lung'),
            )
        ),
        postprocess=str(path),
        low=0.6,
        high=0.85,
    )
    assert read_labels(made.path('a')).tolist() == [[0, 1, 255], [1, 1, 1]]
    assert read_labels(made.path('b')).tolist() == [[0, 0, 255], [1, 1, 1]]
    assert read_labels(made.path('c')).tolist() == [[0, 0, 0], [0, 0, 0]]
    confidence = float(made.rows['a']['confidence'])
    assert confidence == pytest.approx(3.2 / 4)
    assert float(made.rows['c']['confidence']) == 0  # against the model
    assert made.provenance['postprocess'] == f'{path} {file_digest(path)}'


def test_classes_that_exclude_each_other(make):
    probs = np.array([[[0.8, 0.4, 0.1]], [[0.2, 0.6, 0.1]], [[0, 0, 0.8]]])
    options = dict(task='multiclass', classes=('background', 'a', 'b'))
    made = make(dict(x=probs), options, high=dict(background=0, a=0.7, b=0.5))
    assert read_labels(made.path('x')).tolist() == [[0, 255, 2]]
    assert made.provenance['high'] == dict(background=0, a=0.7, b=0.5)


def test_classes_that_overlap(make):
    probs = np.array([[[0.8, 0.4]], [[0.8, 0.0]]])
    options = dict(task='multilabel', classes=('a', 'b'))
    made = make(dict(x=probs), options, low=[0.3, 0.5], high=0.5)
    mask = TIFFImage(made.path('x')).read()
    assert mask.tolist() == [[[1, 1], [255, 0]]]


@pytest.mark.parametrize(
    ('rules', 'message'),
    [
        (dict(low=0.6), 'low is above high for lung: 0.6, 0.5'),
        (
            dict(min_confidence=1),
            r'3 images, 0 kept, 3 confidence below 1\); l',
        ),
    ],
)
def test_nothing_is_left_of_what_cannot_be(make, tmp_path, rules, message):
    with pytest.raises(InputError, match=message):
        make(**rules)
    assert not (tmp_path / 'out').exists()


def test_a_folder_that_is_there_stays(make, tmp_path):
    make()
    before = (tmp_path / 'out' / 'provenance.json').read_text()
    with pytest.raises(InputError, match=r'out exists already; .*--overwrite'):
        pseudo_label([tmp_path / 'maps'], tmp_path / 'out')
    pseudo_label(
        [tmp_path / 'maps'],
        tmp_path / 'out',
        rules=LabelRules(limit=1),
        overwrite=True,
    )
    assert len(PseudoLabels.open(tmp_path / 'out').rows) == 1
    assert (tmp_path / 'out.old' / 'provenance.json').read_text() == before


def test_what_a_training_will_refuse_is_said(make, write_maps, tmp_path):
    options = dict(trained_on=['z'], fold=3)
    made = {'': make(options=options)}
    (note,) = notes_on(made, per_fold=False)
    assert note.startswith('made by models that held out fold 3: a training')
    assert not list(notes_on(made, per_fold=True))
    unknown = pseudo_label([write_maps('other', IMAGES)], tmp_path / 'o')
    (note,) = notes_on(unknown, per_fold=False)
    assert note.startswith('1 of 1 models do not say what they were trained')
    assert 'first other.pth: ' in note
