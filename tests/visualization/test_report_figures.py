import numpy as np
import pytest

from mmseg_medical.evaluation.functional import reliability
from mmseg_medical.visualization.report_figures import (
    draw_calibration,
    draw_distribution,
    draw_histogram,
    draw_learning,
    draw_thresholds,
)

CURVE = {
    'loss': [(1, 0.9), (2, 0.5)],
    'lr': [(1, 0.1), (2, 0.05)],
    'dice_per_image': [(2, 0.7)],
    'dice_per_image/lung': [(2, 0.8)],
}


def panels(svg):
    return svg.count('id="axes_')


def test_classes_of_one_run_share_a_panel_and_runs_share_theirs():
    one = draw_learning({'run': CURVE})
    assert panels(one) == 3
    assert 'lung</text>' in one
    two = draw_learning({'first': CURVE, 'second': CURVE})
    assert panels(two) == 4
    assert two.count('>second</text>') == 4
    assert draw_learning({}) == ''


def test_stages_are_marked():
    svg = draw_learning({'run': CURVE}, [(0, 'coarse'), (1, 'fine')])
    assert svg.count('coarse</text>') == 3


def test_distributions_have_a_row_for_each_class_and_run():
    dice = {'a': np.array([0.1, 0.9, np.nan]), 'b': np.full(3, np.nan)}
    svg = draw_distribution({'x': dice, 'y': dice})
    for text in ('a, x', 'a, y', 'b, x', 'b, y'):
        assert f'{text}</text>' in svg
    assert draw_distribution({}) == ''
    assert panels(draw_histogram({'x': dice})) == 2


def test_curves_of_thresholds_and_calibration():
    cuts = np.linspace(0, 1, 5)
    curves = {'a': np.array([0.1, 0.5, 0.8, 0.6, np.nan])}
    used = {'x': {'a': 0.5}, 'y': {'a': np.nan}}
    svg = draw_thresholds(cuts, {'x': curves, 'y': curves}, used)
    assert '>y</text>' in svg
    assert '>threshold</text>' in svg
    found = reliability([0.2, 0.9], [4, 6], [1, 3])
    svg = draw_calibration({'x': {'a': found}})
    assert f'ECE {found.error:.4f}</text>' in svg
    assert found.error == pytest.approx(0.26)
