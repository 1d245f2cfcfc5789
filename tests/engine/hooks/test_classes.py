from types import SimpleNamespace

import pytest
from mmseg.registry import HOOKS


def runner(count, classes):
    dataset = SimpleNamespace(metainfo=dict(classes=classes))
    return SimpleNamespace(
        model=SimpleNamespace(backbone=None, num_classes=count),
        train_dataloader=SimpleNamespace(dataset=dataset),
        test_dataloader=SimpleNamespace(dataset=dataset),
    )


@pytest.mark.parametrize('when', ['before_train', 'before_test'])
def test_counts_have_to_agree(when):
    check = getattr(HOOKS.build(dict(type='CheckClassesHook')), when)
    check(runner(2, ('background', 'gland')))
    check(runner(2, None))  # a data set that does not say
    with pytest.raises(ValueError, match=r'is 3, .* 2 classes \(bg, gland\)'):
        check(runner(3, ('bg', 'gland')))


def test_an_ensemble_knows_what_it_was_trained_for():
    check = HOOKS.build(dict(type='CheckClassesHook')).before_test
    one = runner(2, ('bg', 'gland'))
    one.model.classes = ['bg', 'gland']
    check(one)
    one.model.classes = ('bg', 'nucleus')
    with pytest.raises(ValueError, match=r"trained for classes \('bg', 'nuc"):
        check(one)
