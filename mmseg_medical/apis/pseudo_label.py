"""From probability maps to masks that a training can take as labels."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmseg_medical._files import appearing
from mmseg_medical.apis.label_rules import LabelRules
from mmseg_medical.apis.members import Members
from mmseg_medical.converters.confidence import (
    Confidence,
    confidence_of,
    decided_by,
    sure_labels,
)
from mmseg_medical.converters.lineage import Listing, distinct, merge, seen
from mmseg_medical.converters.probability_maps import PathLike, file_digest
from mmseg_medical.converters.pseudo_labels import PseudoLabels
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress
from mmseg_medical.version import __version__

_OF_IMAGES = ('min_confidence', 'min_sure', 'empty', 'trained', 'limit')


def pseudo_label(
    folders: Sequence[PathLike],
    out: PathLike,
    *,
    rules: LabelRules | None = None,
    weights: Sequence[float] | None = None,
    per_fold: bool = False,
    overwrite: bool = False,
) -> dict[str, PseudoLabels]:
    """Write confident masks from folders of probability maps.

    Images whose labels a model behind their maps has learnt, or those of
    others of their groups, are left out.

    Args:
        folders: Folders that ``tools/test.py --out`` wrote, of the same
            images: of folds or of other networks. Their weighted mean counts.
        out: Folder to write, see :class:`PseudoLabels`.
        rules: Which pixels and images become labels.
        weights: Weight of each folder, 0 or more; None weighs all alike.
        per_fold: Write ``out/fold_<k>`` for each fold, from the maps of
            models that held it out and of no other.
        overwrite: Replace ``out``, which is kept as ``NAME.old``.

    Returns:
        What was made, by the name of the folder below ``out``, or by ``''``.

    Raises:
        InputError: If a folder has no maps or not all of them; folders differ
            in images, sizes, task or classes; ``per_fold`` is not to be told;
            a threshold cannot be; or no image is left.
    """
    rules = rules or LabelRules()
    members = Members.open(folders, weights)
    parts = members.by_fold() if per_fold else {'': members}
    judges = {name: _Judge(part, rules) for name, part in parts.items()}
    made = {}
    total = len(members.ids) * len(parts)
    with (
        appearing(out, replace=overwrite) as place,
        Progress(total) as progress,
    ):
        for name, judge in judges.items():
            one = _make(Path(place, name), judge, progress)
            one.write()
            made[name] = one
    for name, one in made.items():
        one.folder = Path(out, name)
    return made


class _Judge:
    """Makes the masks of images, and says how sure they are."""

    def __init__(self, members: Members, rules: LabelRules) -> None:
        self.members = members
        self.rules = rules
        self.low, self.high = rules.edges(members)
        self.pipeline = rules.pipeline(members)

    def __call__(self, img_id: str) -> tuple[NDArray[np.uint8], Confidence]:
        members = self.members
        probs = members.probs(img_id)
        labels = sure_labels(probs, members.task, self.low, self.high)
        if self.pipeline is not None:
            masks = self.pipeline(
                probs,
                meta=members.meta(img_id),
                scores=members.scores(img_id),
            )
            labels = decided_by(self.pipeline.as_labels(masks), labels)
        elif (absent := members.absence(img_id)) is not None:
            return np.zeros_like(labels), Confidence(absent, 1.0, 0.0)
        return labels, confidence_of(probs, members.task, labels)


def _make(folder: Path, judge: _Judge, progress: Progress) -> PseudoLabels:
    members, rules = judge.members, judge.rules
    made = PseudoLabels(folder)
    trained_on = set() if rules.trained else _trained_on(members)
    for img_id in progress.over(members.ids):
        if img_id in trained_on:
            made.left_out[img_id] = 'trained on by a model of its map'
            continue
        labels, found = judge(img_id)
        if reason := rules.objection(found, labels):
            made.left_out[img_id] = reason
            continue
        made.write_mask(img_id, labels)
        models = members.models(img_id)
        made.rows[img_id] = dict(
            id=img_id,
            **{k: f'{v:.6f}' for k, v in found._asdict().items()},
            models=' '.join(models),
        )
    if not made.rows:
        reasons = ', '.join(f'{n} {why}' for why, n in made.counts().items())
        raise InputError(
            f'no image of {", ".join(map(str, members.folders))} becomes a '
            f'label ({reasons}); lower the rules, or take maps of images that '
            'the models were not trained on'
        )
    _keep_best(made, rules, len(members.ids))
    made.provenance = _provenance(made, judge)
    return made


def _trained_on(members: Members) -> set[str]:
    """Images that a model behind their maps has seen."""
    models: dict[str, dict[str, Any]] = {}
    images: dict[str, list[Listing]] = {}
    for img_id in members.ids:
        for name, model in members.models(img_id).items():
            models[name] = model
            images.setdefault(name, []).append(members.image(img_id))
    return {
        img_id
        for name, model in models.items()
        for img_id in seen(merge(images[name]), model.get('trained_on') or {})
    }


def _keep_best(made: PseudoLabels, rules: LabelRules, count: int) -> None:
    """Leave out what is beyond the limit, the least confident first."""
    if rules.limit is None:
        return
    share = rules.limit < 1
    most = max(round(rules.limit * count), 1) if share else int(rules.limit)
    order = sorted(made.rows, key=lambda i: -float(made.rows[i]['confidence']))
    for img_id in order[most:]:
        made.path(img_id).unlink()
        del made.rows[img_id]
        made.left_out[img_id] = f'beyond the limit of {most}'


def _provenance(made: PseudoLabels, judge: _Judge) -> dict[str, Any]:
    members, rules = judge.members, judge.rules
    models: dict[str, Any] = {}
    for img_id in made.rows:
        models |= members.models(img_id)
    parents = distinct(
        parent
        for model in models.values()
        for parent in model.get('pseudo_labels') or ()
    )
    low, high = (
        dict(zip(members.channels, edge.tolist(), strict=True))
        for edge in (judge.low, judge.high)
    )
    steps = None
    if rules.postprocess is not None:
        steps = f'{rules.postprocess} {file_digest(rules.postprocess)}'
    return dict(
        made_by=f'tools/pseudo_label.py of mmseg_medical {__version__}',
        round=1 + max((parent['round'] for parent in parents), default=0),
        parents=parents,
        task=members.task,
        classes=members.classes,
        maps=[
            dict(folder=str(folder), weight=weight)
            for folder, weight in zip(
                members.folders, members.weights, strict=True
            )
        ],
        low=low,
        high=high,
        postprocess=steps,
        rules={key: getattr(rules, key) for key in _OF_IMAGES},
        counts=made.counts(),
        models=models,
        images=merge(map(members.image, made.rows)),
    )


def notes_on(
    made: dict[str, PseudoLabels], *, per_fold: bool
) -> Iterator[str]:
    """Say of which masks a training that validates will be refused.

    Args:
        made: What :func:`pseudo_label` returned.
        per_fold: As there.
    """
    models = {
        name: model
        for one in made.values()
        for name, model in one.provenance['models'].items()
    }
    unknown = [m for m in models.values() if 'trained_on' not in m]
    if unknown:
        yield (
            f'{len(unknown)} of {len(models)} models do not say what they '
            f'were trained on, first {unknown[0]["checkpoint"].split()[0]}: '
            'a training that validates refuses their masks unless '
            'default_hooks.split.teachers=False'
        )
    folds = {m['held_out']['fold'] for m in models.values() if 'held_out' in m}
    if not per_fold and len(models) > len(unknown):
        names = ', '.join(f'fold {fold}' for fold in sorted(folds))
        yield (
            f'made by models that held out {names or "nothing"}: a training '
            'that validates on what one of them has seen refuses these masks; '
            '--per-fold makes masks for each fold'
        )
