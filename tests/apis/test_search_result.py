import dataclasses
import json
import re

import numpy as np
import pytest

from mmseg_medical.apis.search_result import SearchResult
from mmseg_medical.postprocessing import SavedPipeline
from mmseg_medical.postprocessing.objective import objective


def result(honest, untuned=(4, 4, 4, 4), **changes):
    """Of four images of two patients; hits of 10 pixels."""

    def counts(hits):
        hits = np.array(hits)[:, None]
        return np.stack([hits, 10 - hits, 10 - hits, 0 * hits], -1)

    options = dict(
        steps=[dict(type='threshold', mask_thr=0.3)],
        task='binary',
        labels=['gland'],
        dataset='FolderDataset',
        data=dict(maps='oof', images=4),
        folds=dict(a='fold_0', b='fold_0', c='fold_1', d='fold_1'),
        made=False,
        objective=objective('dice_per_image'),
        group_by='organ',
        groups=['lung', 'lung', 'liver', 'liver'],
        patients=list('wxyz'),
        counts=dict(
            untuned=counts(untuned),
            tuned=counts([9, 9, 9, 9]),
            honest=counts(honest),
        ),
    )
    return SearchResult(**{**options, **changes})


@pytest.mark.parametrize(
    ('honest', 'generalises', 'verdict'),
    [
        ([6, 7, 5, 6], True, r'\+0\.2000 \(95 %: \+0\.1.* not chosen on\.'),
        ([9, 4, 4, 3], False, r'may not generalise: \+0\.1.*images vary by'),
        ([4, 4, 4, 4], False, r'does not generalise: \+0\.0000 .* as it is'),
        ([3, 4, 3, 4], False, r'does not generalise: -0\.0500 .* as it is'),
    ],
)
def test_what_parameters_are_worth(honest, generalises, verdict):
    found = result(honest)
    assert found.generalises == generalises
    assert re.search(verdict, found.verdict())


def test_images_of_one_patient_vary_together():
    alone = result([9, 9, 4, 4])
    together = dataclasses.replace(alone, patients=list('wwyy'))
    assert alone.gain.low >= together.gain.low == 0


def test_rows_of_groups():
    header, *rows = result([6, 7, 5, 6]).rows()
    assert header == [
        *('label', 'group', 'images', 'untuned', 'tuned', 'honest')
    ]
    assert rows == [
        ['all', 'all', '4', '0.4000', '0.9000', '0.6000'],
        ['all', 'organ=liver', '2', '0.4000', '0.9000', '0.5500'],
        ['all', 'organ=lung', '2', '0.4000', '0.9000', '0.6500'],
    ]


def test_what_is_written(tmp_path):
    found = result([6, 7, 5, 6])
    found.saved().write(tmp_path / 'p.json')
    state = json.loads((tmp_path / 'p.json').read_text())
    assert state['scores'] == dict(untuned=0.4, tuned=0.9, honest=0.6)
    assert state['folds'] == dict(fold_0=2, fold_1=2)
    assert state['generalises'] is True
    assert state['metric'] == dict(name='dice_per_image', empty=1.0)
    assert state['table'][1]['group'] == 'organ=liver'
    saved = SavedPipeline.read(tmp_path / 'p.json')
    assert (saved.classes, saved.dataset) == (['gland'], 'FolderDataset')
    assert saved.steps == found.steps
