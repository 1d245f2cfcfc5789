import pytest

from mmseg_medical.datasets.checks.finding import About, Severity
from mmseg_medical.datasets.checks.groups import (
    check_groups,
    check_names,
    check_strata,
    group_key,
)


def of(observed, **groups):
    """Observations of named parts and the values of ``patient``."""
    return [
        observed(f'{part}{k}', part=part, facts={'patient': value})
        for part, values in groups.items()
        for k, value in enumerate(values)
    ]


def test_groups_on_both_sides(observed):
    every = of(observed, train=['p1', 'p2', 'p2'], val=['p2', 'p3'])
    (found,) = check_groups(every, About())
    assert found.severity == Severity.ERROR
    assert found.problem == (
        '1 of 3 patients on several sides of the split: scores are too good'
    )
    assert found.names == ('train/train1', 'train/train2', 'val/val0')
    assert found.command == 'tools/kfold.py CONFIG --group patient'
    assert found.details[0].startswith('patient p2: train/train1')


def test_groups_of_a_whole_data_set_are_a_note(observed):
    every = [
        observed(str(k), facts={'case': f'c{k // 2}', 'group': ''})
        for k in range(4)
    ]
    (found,) = check_groups(every, About(group='case'))
    assert found.severity == Severity.NOTE
    assert found.problem == '4 images of 2 cases: neighbours are alike'
    assert not list(check_groups(every[::2], About(group='case')))


def test_separate_groups_are_well(observed):
    every = of(observed, train=['p1', 'p1', ''], val=['p2', ''])
    assert not list(check_groups(every, About()))
    assert group_key(every, About(group='scanner')) == 'patient'
    assert group_key([observed()], About()) == ''


@pytest.mark.parametrize(
    ('first', 'second', 'said'),
    [
        ('1009009_r27c10', '1009009_r28c12', '1009009'),
        ('TCGA-E2-A1B5-01Z', 'TCGA-E2-A1B5-02Z', 'TCGA-E2-A1B5'),
        ('a/slide7_512_0', 'a/slide7_512_512', 'slide7'),
        ('x-tile3', 'x-tile4', 'x'),
        ('case_slice_0001', 'case_slice_0002', 'case'),
        ('p07/a', 'p07/b', 'p07'),
    ],
)
def test_pieces_are_guessed_from_their_names(observed, first, second, said):
    every = [observed(first, part='train'), observed(second, part='val')]
    (found,) = check_names(every, About())
    assert found.severity == Severity.WARNING
    assert found.problem.endswith(f'on several sides of the split: {said}')
    alone = [observed(first), observed(second), observed('other')]
    (found,) = check_names(alone, About())
    assert found.severity == Severity.NOTE
    told = [observed(n, facts={'case': n}) for n in (first, second)]
    assert not list(check_names(told, About()))


def test_numbered_images_are_no_pieces(observed):
    every = [observed(f'image_{k}') for k in range(4)]
    assert not list(check_names(every, About()))
    folders = [observed('benign/a'), observed('benign/b')]  # a class
    assert not list(check_names(folders, About()))


def test_strata_that_training_never_sees(observed):
    every = [
        observed('a', part='train', facts={'organ': 'lung'}),
        observed('b', part='val', facts={'organ': 'lung'}),
        observed('c', part='val', facts={'organ': 'spleen'}),
    ]
    (found,) = check_strata(every, About(stratum='organ'))
    assert found.problem == 'organ spleen in val and not in train'
    assert found.command.endswith('--stratify organ')
    assert not list(check_strata(every[:2], About(stratum='organ')))
    assert not list(check_strata(every[1:], About(stratum='organ')))
    assert not list(check_strata(every, About()))
