"""A folder of a run: its settings, curves and images."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_medical.apis.folds import dataset_configs
from mmseg_medical.apis.notes import read_note
from mmseg_medical.apis.reports.cases import Cases
from mmseg_medical.apis.reports.logs import (
    Curve,
    fold_folders,
    log_files,
    read_curves,
)
from mmseg_medical.apis.test import evaluators_of
from mmseg_medical.apis.train_folds import TESTED
from mmseg_medical.converters.probability_maps import file_digest
from mmseg_medical.errors import InputError

FOLD = 'fold'
TABLE = 'per_image.csv'


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run has left.

    Attributes:
        name: What the page calls it.
        folder: Its folder.
        cfg: Config of its last test, or of its training; None where the
            folder has none.
        facts: What stands at the head of the page, by name.
        curves: Of its training, one for each fold.
        cases: Images of its test; None if it was not tested.
        digests: SHA-256 of the checkpoints that were tested, as far as known.
    """

    name: str
    folder: Path
    cfg: Config | None
    facts: dict[str, str]
    curves: list[Curve]
    cases: Cases | None
    digests: frozenset[str]

    def patients(self, column: str = '') -> list[str] | None:
        """What images of one patient share; None where nobody said.

        Args:
            column: Column of the table per image; '' is the ``patient_key``
                of the metric.

        Raises:
            InputError: If the table has no such column.
        """
        assert self.cases is not None
        keys = [e.get('patient_key') for e in evaluators_of(self.cfg or {})]
        key = column or next(filter(None, keys), '')
        if column and column not in self.cases.meta:
            raise InputError(
                f'{self.folder / TABLE} has no column {column!r}; it has '
                f'{sorted(self.cases.meta)}'
            )
        return self.cases.meta.get(key)


def open_runs(folders: Sequence[Path]) -> list[Run]:
    """Open runs, each under a name of its own.

    Args:
        folders: Folders of ``tools/train.py``, ``tools/test.py`` or
            ``tools/train_folds.py``.

    Raises:
        InputError: If one is no run, or is named twice.
    """
    paths = [folder.resolve() for folder in folders]
    for path in paths:
        if paths.count(path) > 1:
            raise InputError(f'{path} is named twice; name each run once')
    depth = 1
    names = [path.name for path in paths]
    while len(set(names)) < len(names):
        depth += 1
        names = ['/'.join(path.parts[-depth:]) for path in paths]
    return [
        _open(path, name) for path, name in zip(folders, names, strict=True)
    ]


def _open(folder: Path, name: str) -> Run:
    folds = fold_folders(folder)
    curves = read_curves(folder, name)
    if not (curves or (folder / TABLE).is_file() or folds):
        what = 'has no log and no test' if folder.is_dir() else 'is no folder'
        raise InputError(
            f'{folder} {what}: expected the work_dir of tools/train.py, '
            'tools/test.py or tools/train_folds.py'
        )
    tests = _tests(folder) or [
        one for fold in folds.values() for one in _tests(fold)
    ]
    logs = [path.parents[1] for path in log_files(folder)]
    logs += [p.parents[1] for f in folds.values() for p in log_files(f)]
    cfg = _config([*tests[::-1], *logs[::-1]])
    classes = _classes(cfg)
    label = classes[-1] if classes else 'foreground'
    cases = _cases(folder, folds, label)
    last = [_tests(fold)[-1:] for fold in folds.values()] if folds else []
    used = [one for tested in last for one in tested] or tests[-1:]
    checkpoints = {str(path) for path in map(_checkpoint, used) if path}
    facts = {
        'config': _config_name(folder, folds),
        'data set': _data(cfg),
        'task': _task(cfg),
        'classes': ', '.join(classes),
        'iterations': ', '.join(
            f'{n:,}' for n in dict.fromkeys(c.iterations for c in curves)
        ),
        'checkpoint': '\n'.join(sorted(checkpoints)),
        'tested on': _date(tests[-1].name) if tests and cases else '',
        'images': f'{len(cases.ids):,}' if cases else '',
    }
    return Run(
        name=name,
        folder=folder,
        cfg=cfg,
        facts=facts,
        curves=curves,
        cases=cases,
        digests=_digests(folds, checkpoints),
    )


def _tests(folder: Path) -> list[Path]:
    """Folders of the tests of a run, from the oldest."""
    found = sorted(folder.glob('*/vis_data/config.py'))
    folders = [path.parents[1] for path in found]
    return [path for path in folders if (path / f'{path.name}.json').is_file()]


def _config(folders: list[Path]) -> Config | None:
    for folder in folders:
        path = folder / 'vis_data' / 'config.py'
        if path.is_file():
            return Config.fromfile(path)
    return None


def _config_name(folder: Path, folds: dict[str, Path]) -> str:
    for place in (folder, *folds.values(), *folder.glob('stage_*')):
        written = sorted(place.glob('*.py'), key=lambda p: p.stat().st_mtime)
        if written:
            return written[-1].name
    return ''


def _first_data(cfg: Config | None) -> Any:
    loaders = (
        (cfg or {}).get('test_dataloader'),
        (cfg or {}).get('val_dataloader'),
    )
    return next((c for one in loaders for c in dataset_configs(one)), None)


def _classes(cfg: Config | None) -> list[str]:
    config = _first_data(cfg)
    if config is None:
        return []
    kind = config.type
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    named = (config.get('metainfo') or {}).get('classes')
    return [*map(str, named or kind.METAINFO.get('classes') or ())]


def _data(cfg: Config | None) -> str:
    config = _first_data(cfg)
    if config is None:
        return ''
    kind = getattr(config.type, '__name__', str(config.type)).split('.')[-1]
    return f'{kind} in {config.get("data_root", "")}'.removesuffix(' in ')


def _task(cfg: Config | None) -> str:
    model = (cfg or {}).get('model') or {}
    said = []
    while 'module' in model:  # with views of each image
        said.append(str(model.get('type', '')).split('.')[-1])
        model = model['module']
    return ', '.join([str(model.get('task', '')), *said]).strip(', ')


def _cases(folder: Path, folds: dict[str, Path], label: str) -> Cases | None:
    """Images of a test, or of those of all folds."""
    parts = {
        name.removeprefix('fold_'): Cases.read(path / TABLE, label=label)
        for name, path in folds.items()
        if (path / TABLE).is_file()
    }
    if parts:
        return Cases.joined(parts, FOLD)
    path = folder / TABLE
    return Cases.read(path, label=label) if path.is_file() else None


def _checkpoint(test: Path) -> Path | None:
    cfg = _config([test])
    start = cfg.get('load_from') if cfg else None
    return Path(start) if start else None


def _date(name: str) -> str:
    try:
        return f'{datetime.strptime(name, "%Y%m%d_%H%M%S"):%Y-%m-%d %H:%M}'
    except ValueError:
        return name


def _digests(folds: dict[str, Path], checkpoints: set[str]) -> frozenset[str]:
    notes = [read_note(path / TESTED) for path in folds.values()]
    found = [note['settings'].get('checkpoint') for note in notes if note]
    if not folds:
        files = [path for path in checkpoints if Path(path).is_file()]
        found = [file_digest(path) for path in files]
    return frozenset(filter(None, found))
