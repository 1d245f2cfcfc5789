"""Curves of trainings, from the logs that they left."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

Points = list[tuple[int, float]]
_DICE = ('dice_per_image', 'dice_pooled')


class Curve(NamedTuple):
    """What was logged of a training.

    Attributes:
        name: Of the run, or of a fold of it.
        scalars: Iterations and values by name: ``loss``, ``lr``, and Dice of
            validations, also of each class.
        stages: First iteration and name of each stage, if it has some.
    """

    name: str
    scalars: dict[str, Points]
    stages: list[tuple[int, str]]

    @property
    def iterations(self) -> int:
        """The last iteration that was logged."""
        steps = [points[-1][0] for points in self.scalars.values()]
        return max(steps, default=0)

    @property
    def validated(self) -> bool:
        """Whether a validation was logged."""
        return any(name.split('/')[0] in _DICE for name in self.scalars)


def fold_folders(folder: Path) -> dict[str, Path]:
    """Folders of folds, by their names."""
    found = [path for path in folder.glob('fold_*') if path.name[5:].isdigit()]
    found.sort(key=lambda path: int(path.name[5:]))
    return {path.name: path for path in found if path.is_dir()}


def read_curves(folder: Path, name: str) -> list[Curve]:
    """Read the curves of a run, one for each fold that it has.

    Stages are put one after another.

    Args:
        folder: Folder of the run.
        name: Name of the run.
    """
    folds = fold_folders(folder)
    curves = [
        _read_curve(path, f'{name}, {fold}') for fold, path in folds.items()
    ]
    curves = curves or [_read_curve(folder, name)]
    return [curve for curve in curves if curve.scalars]


def _read_curve(folder: Path, name: str) -> Curve:
    parts = [path for path in folder.glob('stage_*_*') if path.is_dir()]
    parts.sort(key=lambda path: int(path.name.split('_')[1]))
    if not parts:
        return Curve(name, read_scalars(log_files(folder)), [])
    scalars: dict[str, Points] = {}
    stages, offset = [], 0
    for part in parts:
        found = read_scalars(log_files(part))
        if not found:
            continue
        stages.append((offset, part.name.split('_', 2)[2]))
        for key, points in found.items():
            moved = [(offset + step, value) for step, value in points]
            scalars.setdefault(key, []).extend(moved)
        offset = max(points[-1][0] for points in scalars.values())
    return Curve(name, scalars, stages)


def log_files(folder: Path) -> list[Path]:
    """``scalars.json`` of the runs of a folder, from the oldest."""
    return sorted(folder.glob('*/vis_data/scalars.json'))


def read_scalars(
    paths: Sequence[str | os.PathLike[str]],
) -> dict[str, Points]:
    """Read curves; where a run was resumed, the latest log counts.

    Args:
        paths: Logs of mmengine, from the oldest.

    Returns:
        Iterations and values by name, without doubles.
    """
    curves: dict[str, dict[int, float]] = {}
    for path in paths:
        fresh = True
        for line in Path(path).read_text(encoding='utf-8').splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # the run was killed while it wrote
                continue
            step = entry.get('step', entry.get('iter'))
            if not step:  # of a test
                continue
            if fresh and 'loss' in entry:  # this run began here
                for curve in curves.values():
                    for later in [s for s in curve if s >= step]:
                        del curve[later]
                fresh = False
            for key, value in entry.items():
                if key in ('loss', 'lr') or _is_dice(key):
                    curves.setdefault(key, {})[step] = value
    return {
        key: sorted(curve.items()) for key, curve in curves.items() if curve
    }


def _is_dice(key: str) -> bool:
    """Whether a score is a Dice of all images, not of a group of them."""
    return key.split('/')[0] in _DICE and '=' not in key
