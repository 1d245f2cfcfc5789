import numpy as np
import pytest
from mmengine.dataset import ConcatDataset

from mmseg_medical.converters.pseudo_labels import PseudoLabels
from mmseg_medical.datasets import HuBMAPDataset
from mmseg_medical.datasets.listing import listing
from mmseg_medical.engine.hooks.teachers import (
    check_pupils,
    check_teachers,
    teachers_of,
)
from mmseg_medical.errors import InputError

FOLDER = 'hubmap/train_images'


@pytest.fixture
def root(hubmap):
    return str(hubmap(4))


@pytest.fixture
def labels(tmp_path):
    """Write pseudo labels: models of each image, and what these have seen."""

    def write(rows, **trained_on):
        made = PseudoLabels(tmp_path / 'labels')
        models = {
            name: dict(checkpoint=f'{name}.pth 0123', trained_on=images)
            for name, images in trained_on.items()
        }
        made.provenance = dict(
            round=1,
            parents=[],
            task='binary',
            classes=[*HuBMAPDataset.METAINFO['classes']],
            models=models,
        )
        for name, used in rows.items():
            row = dict(id=name, confidence='1', sure='1', foreground='0')
            made.rows[name] = dict(row, models=used)
            made.write_mask(name, np.zeros((64, 80), np.uint8))
        made.write()
        return str(made.folder)

    return write


@pytest.fixture
def val(root):
    """Images 101 and 103, or 102 and 104."""
    return HuBMAPDataset(data_root=root, num_folds=2, fold=0, part='val')


def ids(dataset):
    return [*listing(dataset)[FOLDER]]


def pseudo(root, folder, **options):
    return HuBMAPDataset(data_root=root, pseudo_labels=folder, **options)


def test_only_models_of_the_images_that_are_used_count(root, labels, val):
    """Out-of-fold masks: each by the model that has not seen the image."""
    own, other = ids(val), sorted({'101', '102', '103', '104'} - {*ids(val)})
    seen = {FOLDER: dict.fromkeys(other, '')}
    folder = labels(
        {own[0]: 'a', other[0]: 'b', other[1]: 'b'},
        a={FOLDER: dict.fromkeys(own, '')},
        b=seen,
    )
    train = pseudo(root, folder, num_folds=2, fold=0)
    plain = HuBMAPDataset(data_root=root, num_folds=2, fold=0)
    (found,) = teachers_of(ConcatDataset([plain, train]))
    assert [*found.models] == ['b']
    assert found.images == {FOLDER: dict.fromkeys(other, '')}
    assert found.trained_on == seen
    check_pupils([found], listing(val))
    check_teachers([found], listing(val))
    # All of them, on the other hand:
    (whole,) = teachers_of(pseudo(root, folder))
    with pytest.raises(
        InputError,
        match=rf'labels has pseudo labels of 1 images .* first {own[0]}; give',
    ):
        check_pupils([whole], listing(val))
    with pytest.raises(
        InputError,
        match=r'labels: a\.pth, which made its masks, was trained on 2 of 2 i',
    ):
        check_teachers([whole], listing(val))


def test_a_teacher_that_has_seen_another_image_of_a_group(root, labels):
    class Grouped(HuBMAPDataset):
        group = 'organ'

    some = {FOLDER: {'900': 'organ=lung'}}
    folder = labels({'101': 'a'}, a=some)
    teachers = teachers_of(pseudo(root, folder))
    val = Grouped(data_root=root)
    with pytest.raises(InputError, match=r'trained on 2 of 4 .* first 102'):
        check_teachers(teachers, listing(val))
    check_teachers(teachers, listing(HuBMAPDataset(data_root=root)))


def test_a_teacher_that_does_not_say(root, labels, val):
    teachers = teachers_of(pseudo(root, labels({'102': 'a'}, a=None)))
    assert teachers[0].trained_on is None
    with pytest.raises(InputError, match=r'a\.pth, .* does not say what it w'):
        check_teachers(teachers, listing(val))


def test_a_training_without_pseudo_labels_has_no_teachers(val):
    assert teachers_of(val) == []
    check_pupils([], listing(val))
    check_teachers([], listing(val))
