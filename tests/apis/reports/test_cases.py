import numpy as np
import pytest

from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.errors import InputError


def test_counts_come_back(write_run):
    folder = write_run(organ=['lung', 'lung', 'kidney', 'lung'])
    cases = Cases.read(folder / 'per_image.csv', label='unit')
    assert cases.labels == ['unit']
    assert cases.ids[2] == 'case_2'
    assert cases.counts[0, 0].tolist() == [8, 2, 2, 88]
    np.testing.assert_allclose(cases.dice[:, 0], [0.8, 0, 1, 1])
    assert cases.has_mask[:, 0].tolist() == [True, False, True, False]
    assert cases.groups() == {'organ': ['lung', 'lung', 'kidney', 'lung']}
    assert cases.some([2, 0]).meta['organ'] == ['kidney', 'lung']


def test_what_the_metric_left_out_is_left_out(write_run):
    cases = Cases.read(write_run(empty=np.nan) / 'per_image.csv')
    assert np.isnan(cases.dice[3, 0])
    parts, wholes = cases.terms('dice_per_image')
    assert wholes[:, 0].tolist() == [1, 1, 1, 0]
    assert parts[3, 0] == 0


def test_terms_are_those_of_the_metric(write_run):
    cases = Cases.read(write_run() / 'per_image.csv')

    def score(name):
        parts, wholes = (part.sum() for part in cases.terms(name))
        return parts / wholes

    assert score('dice_per_image') == pytest.approx(2.8 / 4)
    assert score('dice_per_image_positives') == pytest.approx(1.8 / 2)
    assert score('dice_pooled') == pytest.approx(36 / (36 + 7 + 2))
    assert score('iou_per_image') == pytest.approx((8 / 12 + 0 + 1 + 1) / 4)
    assert score('sensitivity_per_image') == pytest.approx((0.8 + 1) / 2)
    specific = (88 / 90 + 0.95 + 1 + 1) / 4
    assert score('specificity_per_image') == pytest.approx(specific)


def test_columns_of_values_that_none_share_are_no_groups(write_run):
    folder = write_run(a=[*'wxyz'], b=[*'xxxx'], c=[*'xxyy'])
    assert list(Cases.read(folder / 'per_image.csv').groups()) == ['c']


def test_tables_that_are_not_of_the_metric_are_refused(tmp_path):
    path = tmp_path / 'per_image.csv'
    for text, said in (
        ('id,dice\n', 'has no rows; nothing was tested'),
        ('id,dice,mask_area,predicted_area\na,1,1,1\n', "'hit_area'.*again"),
        (
            'id,mask_area,predicted_area,hit_area,counted_area\na,1,x,1,1\n',
            "'predicted_area' has a cell that is no number",
        ),
        (
            'id,mask_area,predicted_area,hit_area,counted_area\na,1,1,2,9\n',
            'row 1 contradict each other; was it edited',
        ),
        ('name,dice\na,1\n', "no column 'id'"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            Cases.read(path)


def test_folds_are_joined_once_each(write_run):
    one = Cases.read(write_run('a', ids=[*'abcd']) / 'per_image.csv')
    two = Cases.read(write_run('b', ids=[*'efgh']) / 'per_image.csv')
    both = Cases.joined({'0': one, '1': two}, 'fold')
    assert both.ids == [*'abcdefgh']
    assert both.meta['fold'] == ['0'] * 4 + ['1'] * 4
    with pytest.raises(InputError, match="'a' is in 0 and in 1"):
        Cases.joined({'0': one, '1': one}, 'fold')
