import numpy as np
import pytest

from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.extremes import extreme_rows, extremes


@pytest.fixture
def cases(write_run):
    return Cases.read(write_run() / 'per_image.csv')


def test_the_worst_come_in_order_and_the_best_have_a_mask(cases):
    worst, best = extreme_rows(cases, 0, 2)
    assert worst == [1, 0]
    assert best == [2]
    alike = Cases(
        [*'abcd'],
        ['x'],
        np.array([[0, 1, 1, 9], [0, 5, 1, 9], [2, 0, 0, 9], [4, 0, 0, 9]])[
            :, None
        ],
        1.0,
        {},
    )
    assert extreme_rows(alike, 0, 9) == ([1, 0], [3, 2])


def test_images_without_a_score_are_no_worst(write_run):
    counts = [[0, 0, 0, 9], [5, 5, 0, 9]]
    cases = Cases.read(
        write_run(counts=counts, empty=np.nan) / 'per_image.csv'
    )
    assert extreme_rows(cases, 0, 3) == ([1], [])


def test_cases_are_listed_without_pictures(cases):
    section = extremes({'a': cases}, {}, 2)
    assert '--overlays DIR' in section.missing
    (table,) = section.tables
    assert table.rows == [
        ['foreground', 'worst', 'case_1', '0.0000'],
        ['foreground', 'worst', 'case_0', '0.8000'],
        ['foreground', 'best', 'case_2', '1.0000'],
    ]


class Gray:
    """A picture of each case."""

    missing = 3

    def draw(self, img_id, label, side=320):
        return np.full((8, 8, 3), 99, np.uint8)


def test_runs_have_their_own_picture_and_score(cases):
    one = extremes({'a': cases}, {'a': Gray()}, 1)
    (shown,) = one.galleries['foreground: worst']
    assert shown.caption == 'Dice 0.0000; 0 hit, 5 false, 0 missed'
    assert list(shown.pictures) == ['']
    assert one.notes[1] == '3 images of a have no picture.'
    two = extremes({'a': cases, 'b': cases}, {'a': Gray()}, 1)
    (shown,) = two.galleries['foreground: worst']
    texts = [f'{run}: Dice 0.0000; 0 hit, 5 false, 0 missed' for run in 'ab']
    assert list(shown.pictures) == texts
    assert shown.pictures[texts[1]] == ''
