"""The data sets of a config or a folder, built to be looked at."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from mmseg_medical.apis.config import read_config
from mmseg_medical.datasets import MedicalDataset
from mmseg_medical.datasets.checks import Finding, Severity
from mmseg_medical.datasets.layouts import Layout
from mmseg_medical.datasets.listing import leaves
from mmseg_medical.errors import InputError


@dataclasses.dataclass(frozen=True)
class Part:
    """One data set of a config or a folder.

    Attributes:
        name: ``'train'`` …; ``''`` where there is one alone.
        dataset: The data set.
        config: Config that it was built of.
    """

    name: str
    dataset: Any
    config: Mapping[str, Any]

    @property
    def transforms(self) -> Sequence[Any]:
        """Transforms of its pipeline."""
        pipeline = getattr(self.dataset, 'pipeline', None)
        return getattr(pipeline, 'transforms', ())

    def samples(self) -> Iterator[dict[str, Any]]:
        """Samples one after another."""
        for index in range(len(self.dataset)):
            yield self.dataset.get_data_info(index)


def config_parts(
    path: str,
    *,
    options: dict[str, Any] | None = None,
    fold: int | None = None,
    split: str | None = None,
) -> dict[str, Any]:
    """Configs of the data sets that a config trains, validates and tests on.

    Args:
        path: Config file.
        options: Keys to replace, as ``--cfg-options`` gives them.
        fold: Fold to hold out, as for training.
        split: Table of folds, as for training.

    Returns:
        Configs by part; a test on the validation data is left out.

    Raises:
        FileNotFoundError: If there is no such config.
        InputError: If it is no config, has no data set or no such fold.
    """
    formats = ('.py', '.json', '.yaml', '.yml')
    if Path(path).is_file() and not path.endswith(formats):
        raise InputError(
            f'{path} is neither a config nor a folder; unpack an archive, and '
            'name the folder that holds the images'
        )
    cfg = read_config(path, options=options, fold=fold, split=split)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    found: dict[str, Any] = {}
    for part in ('train', 'val', 'test'):
        config = (cfg.get(f'{part}_dataloader') or {}).get('dataset')
        if config and config not in found.values():
            found[part] = config
    if not found:
        raise InputError(
            f'{path} has no data set in train_dataloader, val_dataloader or '
            'test_dataloader; of annotations name the folder'
        )
    return found


def folder_parts(layout: Layout) -> dict[str, Any]:
    """Configs of the data sets that a folder was recognised as.

    Args:
        layout: What it was recognised as.
    """
    init_default_scope('mmseg')
    loading = [
        dict(type='LoadImageRegion'),
        dict(type='LoadMaskRegion', required=False, **layout.loader),
    ]
    return {
        part: dict(config, data_root=layout.root, pipeline=loading)
        for part, config in layout.parts.items()
    }


def build_parts(
    configs: Mapping[str, Any],
) -> tuple[list[Part], list[Finding]]:
    """Build data sets, those in wrappers by themselves.

    Args:
        configs: Configs by part.

    Returns:
        What could be built, and what is wrong with the rest.
    """
    parts: list[Part] = []
    findings: list[Finding] = []
    for name, config in configs.items():
        name = name if len(configs) > 1 else ''
        with _quiet():
            try:
                datasets = list(leaves(DATASETS.build(_tolerant(config))))
            except (ValueError, OSError) as error:
                findings.append(_broken(name, error))
                continue
            for dataset in datasets:
                try:
                    dataset.full_init()
                    parts.append(Part(name, dataset, config))
                except (ValueError, OSError) as error:
                    if not getattr(dataset, 'left_out', None):
                        findings.append(_broken(name, error))
                findings += _left_out(name, dataset)
    return parts, findings


def _broken(name: str, error: Exception) -> Finding:
    which = f' {name}' if name else ''
    return Finding(
        Severity.ERROR,
        'dataset',
        f'the data set{which} cannot be read',
        cure=' '.join(str(error).split()),
    )


def _tolerant(config: Any) -> Any:
    """Config of data sets that list nothing yet, and leave out what is broken.

    What they leave out is known even where that is all.
    """
    if isinstance(config, (list, tuple)):
        return [_tolerant(one) for one in config]
    if not isinstance(config, Mapping):
        return config
    config = dict(config)
    for key in ('dataset', 'datasets'):
        if key in config:
            config[key] = _tolerant(config[key])
    config['lazy_init'] = True
    kind = config.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    if isinstance(kind, type) and issubclass(kind, MedicalDataset):
        config['strict'] = False
        config['serialize_data'] = False  # forks share what is read once
    return config


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No log of what becomes a finding."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _left_out(name: str, dataset: Any) -> Iterator[Finding]:
    left_out: Mapping[str, list[str]] = getattr(dataset, 'left_out', {})
    for what, names in left_out.items():
        start = f'{name}/' if name else ''
        said = tuple(f'{start}{one}' for one in names)
        messages = any(' ' in one for one in names)
        yield Finding(
            Severity.ERROR,
            'left_out',
            f'{what}: {len(names):,}',
            () if messages else said,
            'check data_root, data_prefix and suffixes, or leave them out by '
            'strict=False',
            details=said if messages else (),
        )
