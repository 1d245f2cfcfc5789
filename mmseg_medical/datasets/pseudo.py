"""Samples whose masks are pseudo labels."""

from typing import Any

from mmseg_medical.converters.pseudo_labels import PseudoLabels
from mmseg_medical.datasets.transforms._masks import SOURCES
from mmseg_medical.errors import InputError

Sample = dict[str, Any]


def folder_of_fold(folder: str | None, fold: int | None) -> str | None:
    """Folder of pseudo labels, with the number of the fold for ``{fold}``."""
    if folder is None or fold is None:
        return folder
    return folder.replace('{fold}', str(fold))


def take_masks(
    dataset: Any, chosen: list[Sample], samples: list[Sample]
) -> list[Sample]:
    """Samples with their pseudo labels; those that have none are left out.

    Args:
        dataset: :class:`MedicalDataset` with ``pseudo_labels``.
        chosen: Samples of a part of a split.
        samples: All its samples.

    Raises:
        InputError: If there are no pseudo labels, they are of other images,
            classes or of another kind of task, or the folder is one of folds
            and no fold is given.
    """
    labels = _open_for(dataset)
    known = {sample['img_id'] for sample in samples}
    unknown = [img_id for img_id in labels.rows if img_id not in known]
    if len(unknown) == len(labels.rows):
        raise InputError(
            f'{labels.folder} has masks of no image of {dataset.place}, its '
            f'first is {unknown[0]!r}; are they of other data?'
        )
    dataset.leave_out(
        unknown,
        f'images of {labels.folder} that the data set has not',
        'name the data that were tested',
        error=InputError,
    )
    found, bare = [], []
    for sample in chosen:
        name = sample['img_id']
        if name not in labels.rows:
            bare.append(name)
            continue
        rest = {k: v for k, v in sample.items() if k not in SOURCES}
        found.append({**rest, 'pseudo_path': str(labels.path(name))})
    if bare:
        dataset.left_out['images without a pseudo label'] = bare
        dataset.report(
            f'{len(bare)} of {len(chosen)} images have no pseudo label in '
            f'{labels.folder} and are left out'
        )
    return found


def _open_for(dataset: Any) -> PseudoLabels:
    """Pseudo labels of a data set, if they are of its classes."""
    folder, where = dataset.pseudo_labels, dataset.place
    if '{fold}' in folder:
        raise InputError(
            f'{where}: which of the folds of {folder}? Train with --fold K, '
            'or write the number'
        )
    labels = PseudoLabels.open(folder)
    there, here = labels.provenance['classes'], dataset.metainfo['classes']
    if list(there) != list(here):
        raise InputError(
            f'{folder} has masks of {list(there)}, {where} has the classes '
            f'{list(here)}'
        )
    planes = labels.provenance['task'] == 'multilabel'
    if planes != dataset.overlapping:
        kind = 'overlap' if planes else 'exclude each other'
        raise InputError(
            f'classes of {folder} {kind}, those of {where} do not'
        )
    return labels
