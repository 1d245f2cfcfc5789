"""Search by trials, for pipelines that are too large for a grid."""

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.config import Config

from mmseg_medical._optional import optional
from mmseg_medical.apis.labelled_maps import LabelledMaps
from mmseg_medical.apis.search_postprocess import (
    count,
    finish_search,
    objective_of,
)
from mmseg_medical.apis.search_result import SearchResult
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.functional import nan_mean
from mmseg_medical.postprocessing import Pipeline
from mmseg_medical.progress import Progress

Steps = list[dict[str, Any]]


def search_trials(
    cfg: Config,
    folder: str,
    space: Sequence[Mapping[str, Any]],
    *,
    trials: int = 100,
    metric: str = '',
    group_by: str = '',
    split: str | None = None,
    seed: int = 0,
) -> SearchResult:
    """Search the parameters of any pipeline, by Optuna's TPE sampler.

    Each trial is one pass over the maps. The parameters are chosen once on
    all images, and once without each fold for the honest estimate.

    Args:
        cfg: Config of the model.
        folder: Maps with the masks of ``cfg``.
        space: Steps, with ``{'range': [low, high]}`` (whole numbers where
            both are) or ``{'choice': […]}`` in the place of values.
        trials: Number of trials of each choice.
        metric: As of :class:`SearchSettings`.
        group_by: Metadata whose values have rows in the table.
        split: Table of folds to use instead of the config's ``split``.
        seed: Of the sampler.

    Raises:
        InputError: If optuna is not installed, the space is none, or as
            :func:`search_postprocess`.

    Reference: Akiba et al., Optuna, KDD 2019, arXiv:1907.10902
    """
    try:
        optuna = optional('optuna', extra='search')
    except ImportError as error:
        raise InputError(str(error)) from None
    if trials < 1:
        raise InputError(f'there is 1 trial or more, got {trials}')
    data = LabelledMaps(cfg, folder, split=split)
    score = objective_of(cfg, metric)
    places = _places(space)
    if not places:
        raise InputError(
            "nothing is to be searched: give a parameter as {'range': [0.1, "
            "0.9]} or {'choice': [4, 8]}"
        )
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known: dict[tuple[str, ...], Steps] = {}

    def steps(folds: Collection[str]) -> Steps:
        chosen = tuple(sorted(folds))
        if chosen not in known:
            known[chosen] = study(chosen)
        return known[chosen]

    def study(folds: Collection[str]) -> Steps:
        def run(trial: Any) -> float:
            found = _filled(space, places, trial)
            maps = data.maps
            pipeline = Pipeline(found, task=maps.task, labels=maps.labels)
            total: Any = 0
            for one in data.over(folds, progress=progress):
                total = total + np.stack(score.terms(count(one, pipeline)))
            trial.set_user_attr('steps', found)
            return float(nan_mean(score.value(*total)))

        sampler = optuna.samplers.TPESampler(seed=seed)
        made = optuna.create_study(direction='maximize', sampler=sampler)
        with Progress(trials * len(data.ids(folds))) as progress:
            made.optimize(run, n_trials=trials)
        found: Steps = made.best_trial.user_attrs['steps']
        return found

    return finish_search(data, score, steps, group_by)


def _places(space: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in nested steps there is something to search."""
    if isinstance(space, Mapping):
        if set(space) in ({'range'}, {'choice'}):
            _check(path, space)
            return [path]
        items = list(space.items())
    elif isinstance(space, (list, tuple)):
        items = list(enumerate(space))
    else:
        return []
    return [one for key, item in items for one in _places(item, (*path, key))]


def _check(path: tuple[Any, ...], wanted: Mapping[str, Any]) -> None:
    ((kind, values),) = wanted.items()
    numbers = [v for v in values if isinstance(v, (int, float))]
    if kind == 'range' and (
        len(values) != 2 or len(numbers) != 2 or values[0] > values[1]
    ):
        raise InputError(
            f'{_name(path)}: a range is [low, high], two numbers, got {values}'
        )
    if not values:
        raise InputError(f'{_name(path)}: there is no choice')


def _name(path: tuple[Any, ...]) -> str:
    return '.'.join(map(str, path))


def _filled(
    space: Sequence[Mapping[str, Any]], places: list[Any], trial: Any
) -> Steps:
    """Steps with the values of a trial."""
    steps: Any = copy.deepcopy([dict(step) for step in space])
    for path in places:
        *outer, last = path
        inside = steps
        for key in outer:
            inside = inside[key]
        ((kind, values),) = inside[last].items()
        name = _name(path)
        if kind == 'choice':
            inside[last] = trial.suggest_categorical(name, values)
        elif all(isinstance(value, int) for value in values):
            inside[last] = trial.suggest_int(name, *values)
        else:
            inside[last] = trial.suggest_float(name, *map(float, values))
    return steps
