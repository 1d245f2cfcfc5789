"""Models that made pseudo labels of a training, and what they have seen."""

from typing import Any, NamedTuple

from mmseg_medical.converters.lineage import Listing, merge, seen
from mmseg_medical.converters.pseudo_labels import PseudoLabels
from mmseg_medical.datasets.listing import leaves, listing
from mmseg_medical.errors import InputError


class Teachers(NamedTuple):
    """The teachers of one data set with pseudo labels.

    Attributes:
        labels: Its pseudo labels.
        images: Its images.
        models: Models that made the masks of these.
    """

    labels: PseudoLabels
    images: Listing
    models: dict[str, dict[str, Any]]

    @property
    def trained_on(self) -> Listing | None:
        """What the models have seen; None where one does not say it."""
        told = [model.get('trained_on') for model in self.models.values()]
        return None if None in told else merge(told)


def teachers_of(dataset: Any) -> list[Teachers]:
    """Teachers of each data set with pseudo labels, also in wrappers.

    Raises:
        InputError: If a folder of pseudo labels has no provenance.
    """
    found = []
    for leaf in leaves(dataset):
        folder = getattr(leaf, 'pseudo_labels', None)
        if folder is not None:
            labels = PseudoLabels.open(folder)
            images = listing(leaf)
            ids = [img_id for part in images.values() for img_id in part]
            found.append(Teachers(labels, images, labels.models(ids)))
    return found


def check_pupils(teachers: list[Teachers], validated: Listing) -> None:
    """Refuse pseudo labels of what is validated on.

    Args:
        teachers: Those of the training.
        validated: Images to validate on.

    Raises:
        InputError: If there are some.
    """
    for one in teachers:
        if both := seen(validated, one.images):
            raise InputError(
                f'{one.labels.folder} has pseudo labels of {len(both)} images '
                'to validate on or of others of their groups, first '
                f'{both[0]}; give this data set split and fold of the others'
            )


def check_teachers(teachers: list[Teachers], validated: Listing) -> None:
    """Refuse masks of models that have seen what is validated on.

    Args:
        teachers: Those of the training.
        validated: Images to validate on.

    Raises:
        InputError: If there is such a model, or one that does not say it.
    """
    total = sum(map(len, validated.values()))
    for one in teachers:
        folder = one.labels.folder
        for model in one.models.values():
            name = model['checkpoint'].split()[0]
            if model.get('trained_on') is None:
                raise InputError(
                    f'{folder}: {name}, which made its masks, does not say '
                    'what it was trained on (train with CheckSplitHook, test '
                    'with --out again)'
                )
            if leaked := seen(validated, model['trained_on']):
                raise InputError(
                    f'{folder}: {name}, which made its masks, was trained on '
                    f'{len(leaked)} of {total} images to validate on or on '
                    f'others of their groups, first {leaked[0]}; scores would '
                    'be too good. Make masks for each fold by  '
                    'tools/pseudo_label.py --per-fold  and train with '
                    "pseudo_labels='…/fold_{fold}'"
                )
