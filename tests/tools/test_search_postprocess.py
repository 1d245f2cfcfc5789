import json

import cv2
import numpy as np
import pytest

from mmseg_medical.apis.submission import write_submission
from mmseg_medical.converters import rle
from mmseg_medical.converters.map_masks import iter_masks
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.converters.table import read_table
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import dice, overlap_counts
from mmseg_medical.postprocessing import read_pipeline


def test_from_maps_to_a_submission(out_of_fold, tool, tmp_path, capsys):
    config, folder = out_of_fold(8)
    out, plot = tmp_path / 'postprocess.json', tmp_path / 's.png'
    result = tool('search_postprocess').main(
        [
            *(config, str(folder), '--group-by', 'organ', '--out', str(out)),
            *('--plot', str(plot), '--min-sizes', '0', '10'),
            *('--thresholds', '19'),
        ]
    )
    said = capsys.readouterr()
    assert 'group  images  mask_thr  min_size  untuned   tuned  ho' in said.out
    assert 'organ=kidney' in said.out
    assert f'{out}: ' in said.out
    assert '8/8 images in' in said.err
    assert cv2.imread(str(plot)) is not None
    state = json.loads(out.read_text())
    assert state['scores']['tuned'] > state['scores']['untuned']
    assert state['search']['grid']['mask_thr']['count'] == 19

    # The file makes the masks whose score it says.
    maps = ProbabilityMaps.open(folder)
    for name in maps.ids:
        meta = dict(organ=('kidney', 'lung')[(int(name) - 101) % 2])
        maps.write(name, maps.read(name) / 255, meta=meta)
    pipeline = read_pipeline(out, task='binary', labels=maps.labels)
    table = read_table(tmp_path / 'hubmap' / 'train.csv', ['id', 'rle'])
    gt = {r['id']: rle.decode(r['rle'], (64, 80), 'hubmap') for r in table}
    scores = [
        dice(overlap_counts(masks, gt[name][None], 1))[0]
        for name, masks in iter_masks(maps, pipeline)
    ]
    assert np.mean(scores) == pytest.approx(result.score('tuned'))
    path = tmp_path / 'submission.csv'
    write_submission('hubmap', folder, path, postprocess=out)
    rows = read_table(path, ['id', 'rle'])
    found = rle.decode(rows[0]['rle'], (64, 80), 'hubmap')
    score = dice(overlap_counts(found[None], gt[rows[0]['id']][None], 1))
    assert score[0] == pytest.approx(scores[0])


def test_a_space_that_is_no_json(out_of_fold, tool, tmp_path):
    config, folder = out_of_fold(4)
    (tmp_path / 'space.json').write_text('[{')
    with pytest.raises(InputError, match=r'space\.json is no JSON'):
        tool('search_postprocess').main(
            [config, str(folder), '--space', str(tmp_path / 'space.json')]
        )


def test_a_test_scores_what_the_search_says(trained, tool, tmp_path):
    """With maps that are taken as they are, and predicted anew."""
    out = tmp_path / 'postprocess.json'
    command = [trained.config, str(trained.checkpoint)]
    command += ['--work-dir', str(tmp_path / 'work')]
    maps = str(tmp_path / 'maps')
    before = tool('test').main([*command, '--out', maps])
    result = tool('search_postprocess').main(
        [trained.config, maps, '--out', str(out), '--thresholds', '199']
    )
    name = 'dice_per_image'
    assert result.score('untuned') == pytest.approx(before[name], abs=1e-4)
    assert result.score('tuned') > result.score('untuned')
    command += ['--postprocess', str(out)]
    for more, tolerance in ((['--out', maps], 1e-6), ([], 0.01)):
        after = tool('test').main([*command, *more])
        score = pytest.approx(after[name], abs=tolerance)
        assert result.score('tuned') == score
