"""Scores that would be those of the training data."""

import os
from typing import Any, NamedTuple

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS

from mmseg_medical.converters.lineage import Listing, distinct, merge, seen
from mmseg_medical.converters.probability_maps import file_digest
from mmseg_medical.datasets.listing import leaves, listing
from mmseg_medical.datasets.splits import check_separate
from mmseg_medical.engine.hooks.teachers import (
    Teachers,
    check_pupils,
    check_teachers,
    teachers_of,
)
from mmseg_medical.errors import InputError


@HOOKS.register_module()
class CheckSplitHook(Hook):
    """Refuse to validate or to test on what was trained on.

    Before the first iteration, images and groups (the
    :attr:`MedicalDataset.group` of a data set, as its cases) of training and
    validation are compared. So are those of validation with what the models
    were trained on that made pseudo labels of the training, and the weights
    that it starts from.

    Checkpoints carry the fold that was held out, and are refused for the test
    of another fold of the same split. Their ``meta`` says also which images
    they have learnt the labels of, themselves or through the models that made
    their pseudo labels (``trained_on``), and which folders these are of
    (``pseudo_labels``).

    Args:
        strict: False says so in the log instead.
        teachers: False says in the log instead that models which made pseudo
            labels, or the weights to start from, have seen labels of what is
            validated on, or do not say what they have seen: scores are then
            too good by what they pass on.

    Raises:
        InputError: If there is such an image or group, or another fold;
            a training validates on pseudo labels; or a folder of them has no
            provenance.

    Example:
        >>> default_hooks = dict(split=dict(type='CheckSplitHook'))
    """

    priority = 'VERY_HIGH'

    def __init__(self, *, strict: bool = True, teachers: bool = True) -> None:
        self.strict = strict
        self.teachers = teachers
        self.start: dict[str, Any] = {}  # meta of the weights to start from
        self.lineage: dict[str, Any] = {}

    def before_train(self, runner: Any) -> None:
        dataset = runner.train_dataloader.dataset
        teachers = teachers_of(dataset)
        self.lineage = self._lineage(dataset, teachers)
        if runner.val_loop is None:
            return
        val_dataset = runner.val_loop.dataloader.dataset
        train, val = _listed(dataset), _listed(val_dataset)
        validated = listing(val_dataset)
        _check_labels(val_dataset)
        try:
            _check_images(train, val)
            _check_groups(train, val)
            check_pupils(teachers, validated)
        except InputError as error:
            self._object(str(error))
        try:
            check_teachers(teachers, validated)
            self._check_start(runner, validated)
        except InputError as error:
            self._object(str(error), 'teachers')

    def _lineage(
        self, dataset: Any, teachers: list[Teachers]
    ) -> dict[str, Any]:
        """What the checkpoints of a training say of it."""
        parents = [one.labels.reference() for one in teachers]
        parents = [*(self.start.get('pseudo_labels') or ()), *parents]
        seen_by = [self.start.get('trained_on') or {}]
        seen_by += [one.trained_on for one in teachers]
        seen_by += [
            listing(leaf)
            for leaf in leaves(dataset)
            if getattr(leaf, 'pseudo_labels', None) is None
        ]
        return dict(
            trained_on=None if None in seen_by else merge(seen_by),
            pseudo_labels=distinct(parents),
        )

    def _check_start(self, runner: Any, validated: Listing) -> None:
        trained_on = self.start.get('trained_on') or {}
        if runner._resume:  # its own weights
            return
        if leaked := seen(validated, trained_on):
            raise InputError(
                f'{runner._load_from}, which this training starts from, was '
                f'trained on {len(leaked)} images to validate on or on others '
                f'of their groups, first {leaked[0]}; start from the weights '
                'of the same fold'
            )

    def before_save_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint['meta'].update(self.lineage)
        for dataset in leaves(runner.train_dataloader.dataset):
            if (fold := _fold_of(dataset)) is not None:
                checkpoint['meta']['held_out'] = fold
                return

    def after_load_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        if isinstance(runner._train_loop, BaseLoop):  # built by train()
            self.start = checkpoint.get('meta', {})
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

    def _object(self, message: str, key: str = 'strict') -> None:
        if self.strict and getattr(self, key):
            raise InputError(
                f'{message}. If that is meant, set '
                f'default_hooks.split.{key}=False'
            )
        print_log(message, logger='current')


def _fold_of(dataset: Any) -> dict[str, Any] | None:
    """Which fold a data set trains without, or validates on."""
    if getattr(dataset, 'fold', None) is None:
        return None
    split = dataset.split_file()
    return dict(
        fold=dataset.fold,
        num_folds=dataset.num_folds,
        split=os.path.basename(dataset.split or ''),
        split_sha256=file_digest(split) if split else '',
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
            none = group in ('', None)
            name = '' if none else f'{leaf.data_root} {group}'
            found.append(_Listed(image, key, name))
    return found


def _check_labels(dataset: Any) -> None:
    for leaf in leaves(dataset):
        if folder := getattr(leaf, 'pseudo_labels', None):
            raise InputError(
                f'val_dataloader has pseudo_labels={folder!r}: a score is of '
                'labels; leave it out there'
            )


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
