"""Post-processing that fits the maps of a test, and an honest score of it."""

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.config import Config
from numpy.typing import NDArray

from mmseg_medical.apis.labelled_maps import LabelledMap, LabelledMaps
from mmseg_medical.apis.search_result import SearchResult
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import overlap_counts
from mmseg_medical.postprocessing import Pipeline
from mmseg_medical.postprocessing.families import make_family
from mmseg_medical.postprocessing.objective import Objective, objective
from mmseg_medical.postprocessing.selection import Choice, Tally

Steps = list[dict[str, Any]]
SIZES = (0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """What is searched for, and where.

    Attributes:
        metric: Name of a score in
            :data:`mmseg_medical.postprocessing.objective.OBJECTIVES`; '' is
            that of the config.
        families: Of :data:`mmseg_medical.postprocessing.families.FAMILIES`;
            the best of them counts.
        thresholds: Number of thresholds between 0 and 1; 99 are 0.01 … 0.99.
        sizes: Least sizes in pixels.
        connectivity: 4 or 8 neighbours of a pixel, for parts.
        by_class: Parameters for each class; None where there are several.
        group_by: Metadata, as ``'organ'``, for each value of which parameters
            are chosen; '' for none.
        split: Table of folds to use instead of the config's ``split``.
    """

    metric: str = ''
    families: Sequence[str] = ('remove_small',)
    thresholds: int = 99
    sizes: Sequence[int] = SIZES
    connectivity: int = 8
    by_class: bool | None = None
    group_by: str = ''
    split: str | None = None


def search_postprocess(
    cfg: Config, folder: str, settings: SearchSettings
) -> SearchResult:
    """Search all cells of a grid, exactly, in one pass over the maps.

    The parameters with the best score on all images are the result. Those
    chosen on the other folds are scored on each fold, which gives an honest
    estimate: what the result is worth on images that it was not chosen on.

    Args:
        cfg: Config of the model.
        folder: Maps that ``tools/test.py --out`` or ``tools/train_folds.py
            --out`` wrote.
        settings: What is searched for.

    Raises:
        InputError: If maps and data do not belong together, a setting is out
            of its range, or all cells score alike.
    """
    data = LabelledMaps(cfg, folder, split=settings.split)
    score = objective_of(cfg, settings.metric)
    tallies = _sweep(data, score, settings)
    everything = sorted(set(data.folds.values()))
    best = _best(tallies, everything)
    if len(best.constant) == len(best.cells):
        raise InputError(
            f'{score.name} is {best.score(everything):.4f} for all '
            f'{best.tally.family.distance().size} parameters: there is '
            'nothing to choose; look at the maps and masks '
            '(tools/browse_dataset.py)'
        )
    gate = data.maps.pipeline().steps[1:]  # that of the model stays

    def steps(folds: Collection[str]) -> Steps:
        found = _best(tallies, folds).steps()
        return [*found, *(dict(type=s.name, **s.parameters) for s in gate)]

    return finish_search(data, score, steps, settings.group_by, choice=best)


def objective_of(cfg: Config, name: str) -> Objective:
    """The score that a config is after, or one by its name.

    Args:
        cfg: Config; the score that chooses its best checkpoint, with the
            ``empty`` of its metric.
        name: Name of a score, or ''.
    """
    evaluators = cfg.get('test_evaluator') or []
    if not isinstance(evaluators, list):
        evaluators = [evaluators]
    empty = next((e.empty for e in evaluators if 'empty' in e), 1.0)
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    wanted = hook.get('save_best') or 'dice_per_image'
    if wanted == 'uw_madison_score':
        wanted = 'uw_madison_dice'
    return objective(name or str(wanted), empty=empty)


def finish_search(
    data: LabelledMaps,
    score: Objective,
    steps: Callable[[Collection[str]], Steps],
    group_by: str,
    *,
    choice: Choice | None = None,
) -> SearchResult:
    """Score the pipelines that some way of searching gives.

    Args:
        data: Maps and masks.
        score: What is searched for.
        steps: Gives the steps that are chosen on some folds.
        group_by: Metadata whose values have rows of their own.
        choice: What was chosen on all folds from a grid.
    """
    folds = sorted(set(data.folds.values()))

    ways = dict(
        untuned=dict.fromkeys(folds, data.maps.pipeline()),
        tuned=dict.fromkeys(folds, _pipeline(data, steps(folds))),
        honest={
            fold: _pipeline(data, steps([f for f in folds if f != fold]))
            for fold in folds
        },
    )
    counts: dict[str, list[NDArray[np.int64]]] = {way: [] for way in ways}
    ids = []
    for one in data.over(folds):
        ids.append(one.img_id)
        known: dict[str, NDArray[np.int64]] = {}
        for way, pipelines in ways.items():
            pipeline = pipelines[one.fold]
            same = str([(s.name, s.parameters) for s in pipeline.steps])
            if same not in known:
                known[same] = count(one, pipeline)
            counts[way].append(known[same])
    ordered = '\n'.join(sorted(ids)).encode()
    return SearchResult(
        steps=steps(folds),
        task=data.maps.task,
        labels=data.maps.labels,
        dataset=type(data.dataset).__name__,
        data=dict(
            maps=str(data.maps.folder),
            images=len(ids),
            ids_sha256=hashlib.sha256(ordered).hexdigest(),
            checkpoints=data.maps.checkpoints,
        ),
        folds=data.folds,
        made=data.made,
        objective=score,
        group_by=group_by,
        groups=[data.group(i, group_by) for i in ids],
        patients=[data.patient(i) for i in ids],
        counts={way: np.stack(found) for way, found in counts.items()},
        choice=choice,
    )


def _pipeline(data: LabelledMaps, steps: Steps) -> Pipeline:
    return Pipeline(steps, task=data.maps.task, labels=data.maps.labels)


def count(one: LabelledMap, pipeline: Pipeline) -> NDArray[np.int64]:
    """Counts (K, 4) of the masks that a pipeline makes of a map."""
    masks = pipeline(one.probs, meta=one.meta, scores=one.scores)
    return overlap_counts(masks, one.gt, len(masks))


def _sweep(
    data: LabelledMaps, score: Objective, settings: SearchSettings
) -> list[Tally]:
    """Counts of all images at all cells of all families."""
    maps = data.maps
    by_class = settings.by_class
    tallies = [
        Tally(
            make_family(
                name,
                task=maps.task,
                levels=maps.levels,
                thresholds=np.arange(1, settings.thresholds + 1)
                / (settings.thresholds + 1),
                sizes=settings.sizes,
                mask_thr=maps.postprocess.get('mask_thr', 0.5),
                connectivity=settings.connectivity,
            ),
            score,
            maps.labels,
            by_class=len(maps.labels) > 1 if by_class is None else by_class,
            group_key=settings.group_by,
        )
        for name in settings.families
    ]
    for one in data.over(set(data.folds.values())):
        planes = _planes(one, maps.task, maps.postprocess)
        group = data.group(one.img_id, settings.group_by)
        for tally in tallies:
            counts = [
                tally.family.counts(*pair)
                for pair in zip(planes, one.gt, strict=True)
            ]
            tally.add(np.stack(counts), fold=one.fold, group=group)
    return tallies


def _planes(
    one: LabelledMap, task: str, postprocess: Mapping[str, Any]
) -> NDArray[Any]:
    """What a family counts: levels, or masks that exclude each other."""
    planes = one.probs
    if task == 'multiclass':
        labels = one.probs.argmax(0)
        planes = labels == np.arange(1, len(one.probs))[:, None, None]
    gate = postprocess.get('gate_thr')
    if gate is not None and one.scores['presence'] < gate:
        planes = np.zeros_like(planes)
    return planes


def _best(tallies: Sequence[Tally], folds: Collection[str]) -> Choice:
    """The choice with the best score on some folds, the first of several."""
    choices = [tally.choose(folds) for tally in tallies]
    return max(choices, key=lambda choice: choice.score(folds))
