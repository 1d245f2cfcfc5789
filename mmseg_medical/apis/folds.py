"""The data sets of a config, and the fold that they validate on."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmseg.registry import DATASETS

from mmseg_medical.converters.pseudo_labels import PROVENANCE
from mmseg_medical.datasets import MedicalDataset
from mmseg_medical.datasets.pseudo import folder_of_fold
from mmseg_medical.errors import InputError

# What makes two configs name the same samples.
_SHARED = 'type data_root ann_file data_prefix split num_folds'.split()


def dataset_configs(cfg: Any) -> Iterator[ConfigDict]:
    """Configs of the medical data sets in a data set, also in wrappers.

    Args:
        cfg: Config of a loader or a data set; wrappers name theirs as
            ``dataset`` or ``datasets``.
    """
    if isinstance(cfg, (list, tuple)):
        for one in cfg:
            yield from dataset_configs(one)
    elif isinstance(cfg, dict):
        kind = cfg.get('type')
        kind = DATASETS.get(kind) if isinstance(kind, str) else kind
        if isinstance(kind, type) and issubclass(kind, MedicalDataset):
            yield cfg
        for key in ('dataset', 'datasets'):
            yield from dataset_configs(cfg.get(key))


def set_fold(cfg: Config, fold: int, *, split: str | None = None) -> None:
    """Let a config train on all folds but one, and validate on that.

    Training data that are not validated on, as another data set beside the
    first, are used whole; ``{fold}`` in their ``pseudo_labels`` becomes the
    number. The test becomes one of the held-out fold: test
    data that are no part of it (the hidden images of a competition) are
    replaced by the validation data.

    Args:
        cfg: Config to change.
        fold: Fold to hold out.
        split: Table of folds to use instead of the config's ``split``.

    Raises:
        InputError: If the data sets of the config have no folds, or
            validation is on data that training does not have.
    """
    train = _parts(cfg, 'train')
    for config in train:
        if folder := config.get('pseudo_labels'):
            config.pseudo_labels = folder_of_fold(folder, fold)
    for config in _parts(cfg, 'val'):
        same = [one for one in train if not _differing(one, config)]
        if not same:
            key = _differing(train[0], config)[0]
            raise InputError(
                f'train and val differ in {key} ({train[0].get(key)!r}, '
                f'{config.get(key)!r}): they are no parts of one split into '
                f'folds; give both the same {key}'
            )
        for one in (config, *same):
            one.fold = fold
            if split is not None:
                one.split = split
    tests = list(dataset_configs(cfg.get('test_dataloader')))
    if tests and all(one.get('part') == 'val' for one in tests):
        for config in tests:
            config.fold = fold
            if split is not None:
                config.split = split
    else:
        cfg.test_dataloader = copy.deepcopy(cfg.val_dataloader)
        cfg.test_evaluator = copy.deepcopy(cfg.val_evaluator)


def _parts(cfg: Config, part: str) -> list[ConfigDict]:
    """Data sets of a loader, each of which is to be this part."""
    configs = list(dataset_configs(cfg.get(f'{part}_dataloader')))
    if not configs:
        raise InputError(
            f'{part}_dataloader has no data set of this package, and others '
            'have no folds'
        )
    for config in configs:
        found = config.get('part', 'train')
        if found != part:
            raise InputError(
                f"{part}_dataloader.dataset needs part='{part}' for folds, "
                f'it has {found!r}'
            )
    return configs


def _differing(one: ConfigDict, other: ConfigDict) -> list[str]:
    """Keys by which two configs name different samples."""
    return [key for key in _SHARED if one.get(key) != other.get(key)]


def validation_data(
    cfg: Config, *, split: str | None = None
) -> MedicalDataset:
    """Build the data set that a config validates on, without listing it.

    Args:
        cfg: Config of a training.
        split: Table of folds to use instead of the config's ``split``.

    Raises:
        InputError: If it has no folds.
    """
    config = _parts(cfg, 'val')[0]
    split = config.get('split') if split is None else split
    return build_whole(config, split=split)


def build_whole(config: Any, *, split: str | None = None) -> MedicalDataset:
    """Build a data set of all its samples, which are not listed yet.

    Args:
        config: Config of a medical data set.
        split: Its split file, or None.
    """
    options = dict(split=split, fold=None, lazy_init=True, pipeline=[])
    options.update(pseudo_labels=None)
    dataset: MedicalDataset = DATASETS.build({**config, **options})
    return dataset


def chosen_by(config: Any) -> list[Path]:
    """Files that choose samples of the config of a data set, or masks."""
    dataset = build_whole(config, split=config.get('split'))
    files = [dataset.split_file(), dataset.subset_file()]
    folder = folder_of_fold(config.get('pseudo_labels'), config.get('fold'))
    if folder is not None:
        files.append(Path(folder, PROVENANCE))
    return [path for path in files if path is not None and path.is_file()]


def fold_dir(work_dir: str | Path, fold: int) -> str:
    """Folder of a fold below the ``work_dir`` of all."""
    return str(Path(work_dir, f'fold_{fold}'))
