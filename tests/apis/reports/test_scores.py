import numpy as np
import pytest

from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.scores import (
    class_table,
    comparison_table,
    confusion_table,
    difference,
    group_table,
    in_common,
    score_of,
)
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import bootstrap_mean


@pytest.fixture
def read(write_run):
    def call(*args, **options):
        return Cases.read(write_run(*args, **options) / 'per_image.csv')

    return call


def test_scores_and_intervals_are_those_of_the_metric(read):
    cases = read()
    found = score_of(cases, 'dice_per_image')
    assert found.value == pytest.approx(0.7)
    assert found[1:] == bootstrap_mean(cases.dice)
    assert found.text() == f'0.7000 ({found.low:.4f} … {found.high:.4f})'
    patients = [*'aabb']
    drawn = score_of(cases, 'dice_per_image', patients=patients)
    assert drawn[1:] == bootstrap_mean(cases.dice, groups=patients)


def test_a_score_that_is_not_defined_is_a_dash(read):
    cases = read(counts=[[0, 0, 0, 9]] * 2)
    assert score_of(cases, 'sensitivity_per_image').text() == '–'
    assert score_of(cases, 'dice_pooled').value == 1
    alone = score_of(cases, 'dice_per_image', patients=['p', 'p'])
    assert alone.text() == '1.0000'  # one patient says nothing of others


def test_the_difference_is_taken_on_the_same_images(read):
    one = read('one')
    better = [[9, 1, 1, 89], [0, 4, 0, 96], [10, 0, 0, 90], [0, 0, 0, 100]]
    other = read('other', better, ids=one.ids)
    gain = difference(one, other, 'dice_per_image')
    assert gain.value == pytest.approx(0.1 / 4)
    assert 0 <= gain.low <= gain.value <= gain.high <= 0.1
    same = difference(one, one, 'dice_per_image')
    assert same == (0, 0, 0)
    (row, *_) = comparison_table({'one': one, 'other': other}, None).rows
    assert row[:4] == ['foreground', 'dice_per_image', '0.7000', '0.7250']
    assert row[4].startswith('+0.0250 (+0.0000 …')
    assert row[5] == 'includes 0'


def test_images_in_common_are_brought_into_one_order(read):
    one = read('one', ids=[*'abcd'])
    other = read('other', ids=[*'dxba'])
    first, second = in_common(one, other)
    assert first.ids == second.ids == ['a', 'b', 'd']
    assert second.counts[0, 0].tolist() == [0, 0, 0, 100]
    with pytest.raises(InputError, match='have different classes'):
        in_common(one, read('third', labels=['unit'], ids=[*'abcd']))


def test_tables_have_a_row_for_each_class_and_run(read):
    counts = np.array([[[8, 2, 2, 88], [5, 5, 5, 85]]] * 3)
    cases = read(counts=counts, labels=['a', 'b'], organ=[*'xyx'])
    table = class_table({'run': cases}, {'run': None})
    assert [row[0] for row in table.rows] == ['mean over classes', 'a', 'b']
    assert table.rows[1][3] == '0.8000 (0.8000 … 0.8000)'
    assert table.rows[0][3].startswith('0.6500')
    both = class_table({'r': cases, 's': cases}, {'r': None, 's': None})
    assert [row[1] for row in both.rows] == ['r', 's'] * 3
    groups = group_table({'run': cases}, 'organ', {'run': [*'ppq']})
    assert [row[:2] for row in groups.rows] == [['x', '2'], ['y', '1']]
    assert groups.header == ['organ', 'images', 'mean over classes', 'a', 'b']


def test_confusion_counts_pixels_and_images(read):
    (row,) = confusion_table(read()).rows
    assert row == ['foreground', *'18 7 2 373 2 1 0 1'.split()]
