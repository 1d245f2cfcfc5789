"""Scores that would be those of the training data."""

import os
from collections.abc import Iterator
from typing import Any

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
        sides = {
            'train': runner.train_dataloader.dataset,
            'val': runner.val_loop.dataloader.dataset,
        }
        try:
            _check_images(sides)
            _check_groups(sides)
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


def _samples(dataset: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    for leaf in leaves(dataset):
        if hasattr(leaf, 'get_data_info'):
            for k in range(len(leaf)):
                yield leaf, leaf.get_data_info(k)


def _check_images(sides: dict[str, Any]) -> None:
    trained, validated = (
        {(s.get('img_path'), s.get('img_id')) for _, s in _samples(dataset)}
        for dataset in sides.values()
    )
    if both := trained & validated:
        path, name = min(both, key=str)
        raise InputError(
            f'{len(both)} of {len(validated)} images to validate on are '
            f'trained on, first {name or path}; let train and val be two '
            'parts of one split'
        )


def _check_groups(sides: dict[str, Any]) -> None:
    found: dict[str, tuple[list[str], list[str]]] = {}
    for side, dataset in sides.items():
        for leaf, sample in _samples(dataset):
            key = getattr(leaf, 'group', '')
            if key and sample.get(key):
                values, at = found.setdefault(key, ([], []))
                values.append(f'{leaf.data_root} {sample[key]}')
                at.append(side)
    for key, (values, at) in found.items():
        check_separate(values, at, key=key, where='the config')
