"""Scores that would be those of the training data."""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS

from mmseg_medical.datasets.splits import check_separate
from mmseg_medical.errors import InputError


@HOOKS.register_module()
class CheckSplitHook(Hook):
    """Refuse to validate or to test on what was trained on.

    Before the first iteration, images and groups (the
    :attr:`MedicalDataset.group` of a data set, as its cases) of training and
    validation are compared. Checkpoints carry the fold that was held out, and
    are refused for the test of another fold of the same split.

    Args:
        strict: False says so in the log instead.

    Raises:
        InputError: If there is such an image or group, or another fold.

    Example:
        >>> default_hooks = dict(split=dict(type='CheckSplitHook'))
    """

    priority = 'VERY_HIGH'

    def __init__(self, *, strict: bool = True) -> None:
        self.strict = strict

    def before_train(self, runner: Any) -> None:
        if runner.val_loop is None:
            return
        train = _listed(runner.train_dataloader.dataset)
        val = _listed(runner.val_loop.dataloader.dataset)
        try:
            _check_images(train, val)
            _check_groups(train, val)
        except InputError as error:
            self._object(str(error))

    def before_save_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        for dataset in leaves(runner.train_dataloader.dataset):
            if (fold := _fold_of(dataset)) is not None:
                checkpoint['meta']['held_out'] = fold
                return

    def after_load_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        if isinstance(runner._train_loop, BaseLoop):  # built by train()
            return
        there = checkpoint.get('meta', {}).get('held_out')
        for dataset in leaves(runner.test_dataloader.dataset):
            here = _fold_of(dataset)
            if there is None or here is None or dataset.part != 'val':
                continue
            same = {**there, 'fold': None} == {**here, 'fold': None}
            if same and there['fold'] != here['fold']:
                self._object(
                    f'{runner._load_from} held fold {there["fold"]} out and '
                    f'was trained on fold {here["fold"]}, which this tests '
                    f'on; test it with  --fold {there["fold"]}'
                )

    def _object(self, message: str) -> None:
        if self.strict:
            raise InputError(
                f'{message}. If that is meant, set '
                'default_hooks.split.strict=False'
            )
        print_log(message, logger='current')


def leaves(dataset: Any) -> Iterator[Any]:
    """Data sets within the wrappers of mmengine and MMSegmentation."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    if inner is None:
        yield dataset
    else:
        for one in inner:
            yield from leaves(one)


def _fold_of(dataset: Any) -> dict[str, Any] | None:
    """Which fold a data set trains without, or validates on."""
    if getattr(dataset, 'fold', None) is None:
        return None
    return dict(
        fold=dataset.fold,
        num_folds=dataset.num_folds,
        split=os.path.basename(dataset.split or ''),
        ann_file=os.path.basename(dataset.ann_file),
    )


class _Listed(NamedTuple):
    """What tells a sample from others, and its group if it has one."""

    image: tuple[str, str]  # path and id
    key: str
    group: str


def _listed(dataset: Any) -> list[_Listed]:
    found = []
    for leaf in leaves(dataset):
        key = getattr(leaf, 'group', '')
        for k in range(len(leaf) if hasattr(leaf, 'get_data_info') else 0):
            sample = leaf.get_data_info(k)
            image = str(sample.get('img_path')), str(sample.get('img_id', ''))
            group = sample.get(key)
            # Cases of two data sets may have one name.
            name = f'{leaf.data_root} {group}' if group else ''
            found.append(_Listed(image, key, name))
    return found


def _check_images(train: list[_Listed], val: list[_Listed]) -> None:
    trained, validated = ({one.image for one in side} for side in (train, val))
    if both := trained & validated:
        path, name = min(both)
        raise InputError(
            f'{len(both)} of {len(validated)} images to validate on are '
            f'trained on, first {name or path}; let train and val be two '
            'parts of one split'
        )


def _check_groups(train: list[_Listed], val: list[_Listed]) -> None:
    for key in {one.key for one in val} - {''}:
        sides = [
            (one.group, side)
            for side, listed in (('train', train), ('val', val))
            for one in listed
            if one.key == key
        ]
        groups, at = zip(*sides, strict=True)
        check_separate(groups, at, key=key, where='the config')
