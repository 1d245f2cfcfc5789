"""Ours and the peers, trained and tested on a fold."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from numpy.typing import NDArray

import mmseg_medical
from benchmarks.training import plain
from benchmarks.training.budget import Clock, ClockHook
from benchmarks.training.tasks import Task
from mmseg_medical.apis import load_config, test, train
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.engine.loops import SeededLoader, seed_all
from mmseg_medical.evaluation.functional import dice

TRIAL = 12  # iterations that tell the cost of a step
THRESHOLDS = (np.arange(5, 100, 5) / 100).tolist()


class Case(NamedTuple):
    """What a system is trained and tested on.

    Attributes:
        task: Task.
        root: Folder of its data.
        split: Table of the folds.
        fold: Fold to hold out, and the seed.
        seconds: CPU time to train for.
        folder: Where to work.
    """

    task: Task
    root: Path
    split: Path
    fold: int
    seconds: float
    folder: Path

    def config(self, work_dir: str = 'work') -> Config:
        """Our config for it."""
        cfg = load_config(
            mmseg_medical.config_path(self.task.config),
            work_dir=str(self.folder / work_dir),
        )
        for part in ('train', 'val', 'test'):
            loader = cfg[f'{part}_dataloader']
            # Loading counts, so that it is done by the process that trains.
            loader.update(num_workers=0, persistent_workers=False)
            self.task.point(loader.dataset, self.root)
            loader.dataset.update(split=str(self.split), fold=self.fold)
        cfg.randomness = dict(seed=self.fold)
        return cfg


@dataclasses.dataclass
class Run:
    """A training on a fold and its test.

    Attributes:
        counts: True positives, false positives and false negatives of each
            image and class, (N, K, 3), by threshold.
        iterations: Steps that fitted into the budget.
        step: Seconds of CPU time of a step.
    """

    counts: dict[float, NDArray[np.int64]]
    iterations: int
    step: float

    @classmethod
    def load(cls, path: Path) -> 'Run':
        """A run that was saved."""
        with np.load(path) as file:
            counts = {float(t): file[t] for t in file if t[0].isdigit()}
            return cls(counts, int(file['iterations']), float(file['step']))

    def save(self, path: Path) -> None:
        """Write an npz file that :meth:`load` reads."""
        arrays = {str(t): counts for t, counts in self.counts.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, iterations=self.iterations, step=self.step, **arrays)

    def dice(self, threshold: float = 0.5) -> NDArray[np.float64]:
        """Dice (N,) per image, the mean over the classes that it has."""
        return np.nanmean(dice(self.counts[threshold], empty=np.nan), 1)


def best_threshold(runs: list[Run]) -> float:
    """Threshold with the highest mean Dice per image of some folds."""
    if not runs:
        return 0.5
    return max(
        THRESHOLDS,
        key=lambda t: np.nanmean(np.concatenate([r.dice(t) for r in runs])),
    )


def train_ours(case: Case) -> Run:
    """Train as our config says, and test with its views."""

    def run(work_dir: str, iterations: int) -> Clock:
        cfg = case.config(work_dir)
        cfg.train_cfg.update(max_iters=iterations, val_begin=iterations + 1)
        cfg.custom_hooks = [
            *cfg.get('custom_hooks', []),
            dict(type='ClockHook'),
        ]
        return ClockHook.of(train(cfg))

    iterations = int(case.seconds / run('trial', TRIAL).step)
    clock = run('work', iterations)
    cfg = case.config()
    maps = case.folder / 'maps'
    checkpoint = f'{cfg.work_dir}/iter_{iterations}.pth'
    test(case.config(), checkpoint, tta=True, out=str(maps))
    found = ProbabilityMaps.open(maps)
    counts: dict[float, list[Any]] = {t: [] for t in THRESHOLDS}
    for sample in samples(cfg):
        probs = found.read(sample.img_id) / found.levels
        masks = plain.planes(sample, len(probs)).numpy() == 1
        for threshold, tallies in counts.items():
            tallies.append(tally(probs > threshold, masks))
    arrays = {t: np.array(tallies) for t, tallies in counts.items()}
    return Run(arrays, iterations, clock.step)


def train_peer(case: Case, name: str) -> Run:
    """Train one of :data:`benchmarks.training.plain.PEERS`, and test it."""
    cfg, task = case.config(), case.task
    load, *resize = task.load
    masks = dict(type='LoadMaskRegion', **task.masks)
    crops = [
        dict(type='RandomCrop', crop_size=(256, 256)),
        dict(type='RandomFlip', prob=0.5),
    ]
    pack = [dict(type='PackMedicalInputs')]
    cfg.train_dataloader.dataset.pipeline = [
        load,
        masks,
        *resize,
        *crops,
        *pack,
    ]
    cfg.test_dataloader.dataset.pipeline = [load, *resize, masks, *pack]
    classes = cfg.model.decode_head.num_classes
    classes -= cfg.model.task == 'binary'
    with DefaultScope.overwrite_default_scope('mmseg'):
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=case.fold)
        tests = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    seed_all(case.fold)
    channels = len(loader.dataset[0]['inputs'])
    model, clock = plain.PEERS[name](channels, classes), Clock()
    plain.train(
        model,
        SeededLoader(loader, case.fold),
        case.seconds,
        classes=classes,
        clock=clock,
    )
    model.eval()
    counts = []
    for data in tests:
        masks = plain.planes(data['data_samples'][0], classes)
        found = plain.predict(model, data['inputs'][0], masks.shape[1:])
        counts.append(tally(found.numpy(), masks.numpy() == 1))
    return Run({0.5: np.array(counts)}, len(clock.times), clock.step)


def samples(cfg: Config) -> Iterator[Any]:
    """Samples of the test data of a config, with their masks."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        loader = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    for data in loader:
        yield from data['data_samples']


def tally(
    found: NDArray[np.bool_], masks: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """True positives, false positives and false negatives of planes (K, 3)."""
    both, ours, theirs = (
        planes.sum((1, 2)) for planes in (found & masks, found, masks)
    )
    return np.stack([both, ours - both, theirs - both], 1)
