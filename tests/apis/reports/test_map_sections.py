import numpy as np
import pytest

from mmseg_medical.apis.reports import map_sections as sections
from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.maps import CUTS, MapStatistics


@pytest.fixture
def cases(write_run):
    return Cases.read(write_run() / 'per_image.csv')


def test_maps_that_are_not_there_are_said_with_the_command():
    for section in (sections.thresholds({}), sections.calibration({})):
        assert '--out MAPS' in section.missing


def statistics(**changes):
    curve = np.linspace(0, 1, 255)[None]
    options = dict(
        labels=['a'],
        classes=['background', 'a'],
        mask_thr=np.array([0.5]),
        curve=curve,
        pixels=np.ones((1, 256), np.int64),
        positives=np.ones((1, 256), np.int64),
        confusion=None,
        other_masks=0,
    )
    return MapStatistics(**{**options, **changes})


def test_the_best_threshold_stands_beside_that_of_the_model():
    section = sections.thresholds({'run': statistics(other_masks=2)})
    (row,) = section.tables[0].rows
    here = np.searchsorted(CUTS, 0.5) / 254
    assert row == ['a', '0.5', f'{here:.4f}', f'{CUTS[-1]:.4f}', '1.0000']
    assert '2 masks of run are not those of its maps' in section.notes[-1]


def test_classes_that_exclude_each_other_have_a_matrix(cases):
    table = np.array([[6, 2], [1, 3]])
    found = {'run': statistics(confusion=table, mask_thr=np.array([np.nan]))}
    section = sections.confusion({'run': cases}, found)
    rows = section.tables[1].rows
    assert rows[0] == ['background', '75.00 %', '25.00 %', '8']
    assert rows[1] == ['a', '25.00 %', '75.00 %', '4']
    assert section.tables[1].shades[1] == [0.25, 0.75, 0.0]
    (row,) = sections.thresholds(found).tables[0].rows
    assert row[1] == 'most likely class'
