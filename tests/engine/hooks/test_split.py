from types import SimpleNamespace

import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS

from mmseg_medical.datasets import HuBMAPDataset
from mmseg_medical.errors import InputError


@pytest.fixture
def build(hubmap):
    root = str(hubmap(6))

    def call(kind=HuBMAPDataset, **options):
        return kind(data_root=root, num_folds=2, **options)

    return call


def runner(train, val=None, test=None, loop=None):
    def loader(dataset):
        return SimpleNamespace(dataset=dataset)

    return SimpleNamespace(
        train_dataloader=loader(train),
        val_loop=val and SimpleNamespace(dataloader=loader(val)),
        test_dataloader=loader(test),
        _train_loop=loop,
        _load_from='best.pth',
        _resume=False,
    )


def hook(**options):
    return HOOKS.build(dict(type='CheckSplitHook', **options))


def test_two_parts_of_a_fold_pass(build):
    train, val = build(fold=0), build(fold=0, part='val')
    hook().before_train(runner(train, val))
    hook().before_train(runner(RepeatDataset(train, 3), val))
    hook().before_train(runner(build()))  # without validation


def test_images_on_both_sides_are_refused_unless_that_is_meant(build, capsys):
    some = runner(build(fold=0), build(fold=1, part='val'))
    with pytest.raises(
        InputError,
        match=r'3 of 3 images to validate on .* first 10\d; .*strict=False',
    ):
        hook().before_train(some)
    hook(strict=False).before_train(some)
    wrapped = ConcatDataset([build(fold=0), build(fold=0, part='val')])
    with pytest.raises(InputError, match='3 of 3 images'):
        hook().before_train(runner(wrapped, build(fold=0, part='val')))


def test_groups_on_both_sides_are_refused(build, tmp_path):
    """Splits in two text files, of which no data set knows the other."""

    class Grouped(HuBMAPDataset):
        group = 'organ'

    parts = {}
    for name, ids in (('train', '101 103 102'), ('val', '104 106')):
        (tmp_path / f'{name}.txt').write_text(ids.replace(' ', '\n'))
        path = str(tmp_path / f'{name}.txt')
        parts[name] = [build(k, split=path) for k in (HuBMAPDataset, Grouped)]
    plain, grouped = zip(*parts.values(), strict=True)
    hook().before_train(runner(*plain))
    with pytest.raises(
        InputError, match=r"1 of 2 values of 'organ' .* lung' \(2 in val, 1"
    ):
        hook().before_train(runner(*grouped))


def test_a_checkpoint_is_for_the_fold_it_held_out(build):
    checkpoint = dict(meta={})
    hook().before_save_checkpoint(
        runner(RepeatDataset(build(fold=1), 2)), checkpoint
    )
    assert checkpoint['meta']['held_out'] == dict(
        fold=1,
        num_folds=2,
        split='',
        split_sha256='',
        ann_file='train.csv',
    )
    load = hook().after_load_checkpoint
    own, other = (build(fold=k, part='val') for k in (1, 0))
    load(runner(None, test=own), checkpoint)
    load(runner(None, test=build()), checkpoint)
    load(runner(None, test=other), dict(meta={}))
    with pytest.raises(
        InputError, match=r'best\.pth held fold 1 out .* test it with  --fo'
    ):
        load(runner(None, test=other), checkpoint)
    training = object.__new__(type('Loop', (BaseLoop,), {'run': None}))
    load(runner(None, test=other, loop=training), checkpoint)


def test_a_training_without_folds_says_nothing(build):
    checkpoint = dict(meta={})
    hook().before_save_checkpoint(runner(build()), checkpoint)
    assert checkpoint == dict(meta={})


def test_a_checkpoint_says_what_it_has_learnt_from(build):
    some = hook()
    start = dict(
        trained_on={'other/images': {'7': ''}}, pseudo_labels=[dict(round=1)]
    )
    training = object.__new__(type('Loop', (BaseLoop,), {'run': None}))
    dataset = build(fold=0)
    images = {dataset.get_data_info(k)['img_id']: '' for k in range(3)}
    run = runner(dataset, build(fold=0, part='val'), loop=training)
    some.after_load_checkpoint(run, dict(meta=start))
    some.before_train(run)
    checkpoint = dict(meta={})
    some.before_save_checkpoint(run, checkpoint)
    assert checkpoint['meta']['trained_on'] == {
        'other/images': {'7': ''},
        'hubmap/train_images': images,
    }
    assert checkpoint['meta']['pseudo_labels'] == [dict(round=1)]


def test_weights_that_have_seen_the_validation_are_refused(build, capsys):
    val = build(fold=0, part='val')
    name = val.get_data_info(0)['img_id']
    start = dict(trained_on={'hubmap/train_images': {name: ''}})
    training = object.__new__(type('Loop', (BaseLoop,), {'run': None}))
    run = runner(build(fold=0), val, loop=training)
    some = hook()
    some.after_load_checkpoint(run, dict(meta=start))
    with pytest.raises(
        InputError,
        match=r'best\.pth, which .* trained on 1 images to .*teachers=False',
    ):
        some.before_train(run)
    some.teachers = False
    some.before_train(run)
    run._resume, some.teachers = True, True  # its own weights
    some.before_train(run)


def test_a_score_is_of_labels(build):
    val = build(fold=0, part='val')
    val.pseudo_labels = 'labels'
    with pytest.raises(InputError, match=r"pseudo_labels='labels': a score"):
        hook(strict=False).before_train(runner(build(fold=0), val))
