"""Which images a model has learnt from, itself and through its teachers."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# Images by the name of their data set, see ``mmseg_medical.datasets.listing``:
# the group of each id, as ``'case=case12'``, or '' where it has none.
Listing = dict[str, dict[str, str]]


def merge(listings: Iterable[Listing]) -> Listing:
    """All images of several listings."""
    merged: Listing = {}
    for listing in listings:
        for name, images in listing.items():
            merged.setdefault(name, {}).update(images)
    return merged


def seen(images: Listing, trained_on: Listing) -> list[str]:
    """Ids of images that a model has seen, or another one of their group.

    Args:
        images: Images to look for.
        trained_on: What the model has learnt from.

    Returns:
        Ids in the order of ``images``.
    """
    found = []
    for name, groups in images.items():
        known = trained_on.get(name, {})
        known_groups = set(known.values()) - {''}
        found += [
            img_id
            for img_id, group in groups.items()
            if img_id in known or group in known_groups
        ]
    return found


# What a checkpoint says of its training: the fold that it held out; images
# whose labels it has learnt, itself or through models that made its pseudo
# labels; the folders of these.
_KEYS = ('held_out', 'trained_on', 'pseudo_labels')


def lineage_of(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What the ``meta`` of a checkpoint says of its training."""
    return {key: meta[key] for key in _KEYS if meta.get(key) is not None}


def together(metas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several checkpoints that become one have learnt from.

    Returns:
        As :func:`lineage_of`; None where one of them does not say it, and
        the fold where they held out several.
    """
    told = [lineage_of(meta) for meta in metas]
    folds = [one.get('held_out') for one in told]
    found = dict(
        held_out=folds[0] if folds.count(folds[0]) == len(folds) else None
    )
    if not all('trained_on' in one for one in told):
        return dict(found, trained_on=None, pseudo_labels=None)
    parents = itertools.chain(*(one.get('pseudo_labels', ()) for one in told))
    return dict(
        found,
        trained_on=merge(one['trained_on'] for one in told),
        pseudo_labels=distinct(parents),
    )


def distinct(items: Iterable[Any]) -> list[Any]:
    """Items without those that came before."""
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
