import dataclasses

import numpy as np
import pytest

from mmseg_medical.apis.reports.maps import CUTS, open_maps, sum_maps
from mmseg_medical.apis.reports.run import open_runs
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import (
    dice,
    joint_counts,
    overlap_counts,
)


def test_sums_are_those_of_each_threshold_and_level(mapped):
    folder, maps = mapped()
    (run,) = open_runs([folder])
    data = open_maps(run, str(maps))
    found = sum_maps(run, data)
    images = list(data.over({''}))
    for cut in (0, 90, 127, 254):
        scores = [
            dice(overlap_counts((i.probs > cut).astype(np.uint8), i.gt, 1))[0]
            for i in images
        ]
        assert found.curve[0, cut] == pytest.approx(np.mean(scores))
    here = np.searchsorted(CUTS, 0.5)
    assert found.curve[0, here] == pytest.approx(run.cases.dice.mean())
    levels = np.concatenate([i.probs.ravel() for i in images])
    truth = np.concatenate([i.gt.ravel() for i in images])
    np.testing.assert_array_equal(
        found.pixels[0], np.bincount(levels, minlength=256)
    )
    np.testing.assert_array_equal(
        found.positives[0], np.bincount(levels[truth == 1], minlength=256)
    )
    assert found.other_masks == 0
    assert found.confusion is None
    assert found.mask_thr.tolist() == [0.5]


def test_the_error_of_calibration_is_that_of_its_definition(mapped):
    folder, maps = mapped()
    (run,) = open_runs([folder])
    data = open_maps(run, str(maps))
    images = list(data.over({''}))
    probs = np.concatenate([i.probs.ravel() for i in images]) / 255
    truth = np.concatenate([i.gt.ravel() for i in images])
    bins = np.minimum((probs * 10).astype(int), 9)
    error = sum(
        (bins == b).mean()
        * abs(probs[bins == b].mean() - truth[bins == b].mean())
        for b in np.unique(bins)
    )
    found = sum_maps(run, data).reliability('functional tissue unit')
    assert found.error == pytest.approx(error)


def test_masks_that_are_not_those_of_the_maps_are_counted(mapped):
    folder, maps = mapped()
    (run,) = open_runs([folder])
    counts = run.cases.counts.copy()
    counts[1, 0, :2] += [0, 7]
    cases = dataclasses.replace(run.cases, counts=counts)
    run = dataclasses.replace(run, cases=cases)
    assert sum_maps(run, open_maps(run, str(maps))).other_masks == 1


def test_maps_of_other_data_or_models_are_refused(mapped):
    origin = dict(checkpoints=['other.pth 123'])
    folder, maps = mapped(origin=origin)
    (run,) = open_runs([folder])
    fewer = dataclasses.replace(run, cases=run.cases.some([0, 1, 2]))
    with pytest.raises(InputError, match='maps of other images: 1 of 4'):
        open_maps(fewer, str(maps))
    with pytest.raises(InputError, match=r'lacks maps of .*: 2 of 4'):
        open_maps(run, str(maps / 'fold_0'))
    tested = dataclasses.replace(run, digests=frozenset(['456']))
    with pytest.raises(InputError, match=r'another model \(other\.pth'):
        open_maps(tested, str(maps))
    bare = dataclasses.replace(run, cfg=None)
    with pytest.raises(InputError, match='give it by --config'):
        open_maps(bare, str(maps))
    alone = dataclasses.replace(run, cases=None)
    with pytest.raises(InputError, match='was not tested'):
        open_maps(alone, str(maps))


def test_confusion_is_that_of_the_most_likely_class(mapped, tmp_path):
    folder, maps = mapped()
    (run,) = open_runs([folder])
    binary = open_maps(run, str(maps))
    both = ProbabilityMaps(
        tmp_path / 'multiclass',
        ids=run.cases.ids,
        task='multiclass',
        classes=binary.maps.classes,
        postprocess={},
        origin={},
    )
    both.start()
    expected = np.zeros((2, 2), np.int64)
    for one in binary.over({''}):
        prob = one.probs[0] / 255
        both.write(one.img_id, np.stack([1 - prob, prob]))
        expected += joint_counts(prob > 0.5, one.gt[0], 2)
    found = sum_maps(run, open_maps(run, str(both.folder)))
    np.testing.assert_array_equal(found.confusion, expected)
    assert np.isnan(found.mask_thr[0])
    assert found.other_masks == 0
