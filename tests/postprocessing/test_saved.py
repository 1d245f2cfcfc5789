import json

import numpy as np
import pytest

from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import SavedPipeline, read_pipeline

STEPS = [
    dict(type='threshold', mask_thr={'organ': {'lung': 0.2, '*': 0.4}}),
    dict(type='remove_small', min_size=3),
]
SAVED = SavedPipeline(
    steps=STEPS,
    task='binary',
    classes=['gland'],
    dataset='HuBMAPDataset',
    found=dict(scores=dict(untuned=0.5)),
)
HERE = dict(task='binary', labels=['gland'], dataset='HuBMAPDataset')


@pytest.fixture
def path(tmp_path):
    SAVED.write(tmp_path / 'postprocess.json')
    return tmp_path / 'postprocess.json'


def test_what_is_written_is_read(path):
    saved = SavedPipeline.read(path)
    assert saved == SAVED
    assert json.loads(path.read_text())['scores'] == dict(untuned=0.5)
    pipeline = read_pipeline(path, **HERE)
    probs = np.full((1, 2, 2), 0.3)
    assert pipeline(probs, meta=dict(organ='lung')).all()
    assert not pipeline(probs).any()


def test_steps_alone_are_for_any_data():
    (step,) = read_pipeline(STEPS[:1], task='binary', labels=['a']).steps
    assert step.name == 'threshold'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(task='multilabel'), 'made for the task binary, this test has m'),
        (dict(labels=['cell']), r"classes \['gland'\], this test has \['cell"),
        (dict(dataset='STASDataset'), 'data set HuBMAPDataset, this test has'),
    ],
)
def test_what_is_for_others_is_refused(path, changes, message):
    with pytest.raises(InputError, match=message):
        read_pipeline(path, **{**HERE, **changes})


def test_data_sets_are_compared_where_both_are_known(path):
    read_pipeline(path, task='binary', labels=['gland'])
    state = json.loads(path.read_text())
    state['dataset'] = ''
    path.write_text(json.dumps(state))
    read_pipeline(path, **HERE)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{', r'postprocess.json is no post-processing \('),
        ('[]', 'is no post-processing'),
        ('{"steps": []}', "missing 2 required .* 'task' and 'classes'"),
        (
            '{"steps": [{"type": "dilate"}], "task": "binary", '
            '"classes": ["a"]}',
            "'dilate' is no step",
        ),
    ],
)
def test_files_that_are_none(path, text, message):
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        SavedPipeline.read(path)
    with pytest.raises(FileNotFoundError, match='tools/search_postprocess'):
        SavedPipeline.read(path.with_name('other.json'))
