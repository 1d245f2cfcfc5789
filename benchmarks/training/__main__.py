"""Ours beside plain trainings at the same cost: Dice per image.

Usage: make compare, or python -m benchmarks.training [TASK …]
           [--seconds 180] [--folds 0,1,2] [--systems ours,ResNet-18]
Runs are kept in work_dirs/compare; delete those that are to be made again.

Each system trains on two thirds of the images of a task, from random weights
and with batches of four crops of 256², for as many iterations as fit into a
budget of CPU time of one core, loading and augmentation included. The other
images are held out; groups (slide, case, patient) are whole, and each fold has
its own seed. Ours are the recipes ``configs/*/*_small.py``, tested as they
say, with the threshold that was best on the other folds.
"""

import argparse
import functools
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

# Before numpy and torch are imported.
for variable in ('OMP', 'OPENBLAS', 'MKL', 'NUMEXPR'):
    os.environ[f'{variable}_NUM_THREADS'] = '1'

import cv2
import numpy as np
import torch

from benchmarks.harness import machine, publish, versions
from benchmarks.training.plain import PEERS
from benchmarks.training.systems import (
    Case,
    Run,
    best_threshold,
    train_ours,
    train_peer,
)
from benchmarks.training.tasks import TASKS, Task, write_folds

RUNS = Path(__file__).parents[2] / 'work_dirs' / 'compare'
FOLDS = 3
SYSTEMS: dict[str, Callable[[Case], Run]] = {
    'ours': train_ours,
    **{name: functools.partial(train_peer, name=name) for name in PEERS},
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the tasks named on the command line, all by default."""
    parser = argparse.ArgumentParser()
    parser.add_argument('tasks', nargs='*', help='parts of configs, as hubmap')
    parser.add_argument('--seconds', type=float, default=180)
    parser.add_argument('--folds', default='0,1,2')
    parser.add_argument('--systems', default='', help='parts of their names')
    args = parser.parse_args(argv)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    default = Path(__file__).parents[3] / 'shared' / 'data'
    data = Path(os.environ.get('MMSEG_MEDICAL_DATA', default)).resolve()
    systems = [
        name
        for name in SYSTEMS
        if any(part in name for part in args.systems.split(','))
    ]
    sections = [
        compare(
            task,
            data / task.folder,
            systems,
            folds=[int(k) for k in args.folds.split(',')],
            seconds=args.seconds,
        )
        for task in TASKS
        if not args.tasks or any(name in task.config for name in args.tasks)
    ]
    about = __doc__.split('\n\n')[-1].strip()
    text = (
        f'# Trainings\n\nWritten by `make compare`.\n\n{about}\n\n'
        f'All runs are tiny, of {args.seconds:g} s each.\n\n- {machine()}\n'
        f'- {versions(["torch", "segmentation-models-pytorch"])}\n\n'
        + '\n'.join(sections)
    )
    print(text)
    if len(systems) == len(SYSTEMS):
        publish(text)


def compare(
    task: Task,
    root: Path,
    systems: list[str],
    *,
    folds: list[int],
    seconds: float,
) -> str:
    """Train and test systems on a task: its section of the results."""
    rows = []
    for name in systems:
        runs = [kept(task, root, name, fold, seconds) for fold in folds]
        rows.append(row(name, runs, task))
        print(rows[-1], flush=True)
    numbers = ' | '.join(f'fold {k}' for k in folds)
    head = f'| | {numbers} | mean | threshold | steps | s per step |'
    line = '|---' * head.count(' | ') + '|---|'
    return '\n'.join([f'## {task.title}\n', head, line, *rows, ''])


def kept(task: Task, root: Path, name: str, fold: int, seconds: float) -> Run:
    """The run of a system on a fold, made unless it was kept."""
    key = f'{task.config.split("/")[0]}_{name}_{fold}_{seconds:g}s'
    path = RUNS / f'{key.replace(" ", "-")}.npz'
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            split = write_folds(task, root, Path(folder, 'folds.csv'), FOLDS)
            case = Case(task, root, split, fold, seconds, Path(folder))
            SYSTEMS[name](case).save(path)
    return Run.load(path)


def row(name: str, runs: list[Run], task: Task) -> str:
    """Row of a system: mean Dice of each fold, then of all images."""
    thresholds = [0.5] * len(runs)
    if name == 'ours':
        thresholds = [
            best_threshold([r for r in runs if r is not run]) for run in runs
        ]
    scores = [r.dice(t) for r, t in zip(runs, thresholds, strict=True)]
    cells = [
        *(f'{np.nanmean(s):.4f}' for s in scores),
        f'{np.nanmean(np.concatenate(scores)):.4f}',
        ', '.join(f'{t:.2f}' for t in thresholds),
        ', '.join(str(run.iterations) for run in runs),
        f'{np.mean([run.step for run in runs]):.3f}',
    ]
    label = f'ours, `{task.config}`' if name == 'ours' else name
    return f'| {label} | {" | ".join(cells)} |'


if __name__ == '__main__':
    main()
