"""Images of a data set under names that they have on every machine."""

import os
from collections.abc import Iterator
from typing import Any

from mmseg_medical.converters.lineage import Listing, merge


def leaves(dataset: Any) -> Iterator[Any]:
    """Data sets within the wrappers of mmengine and MMSegmentation."""
    inner = getattr(dataset, 'datasets', None)
    if inner is None and hasattr(dataset, 'dataset'):
        inner = [dataset.dataset]
    if inner is None:
        yield dataset
    else:
        for one in inner:
            yield from leaves(one)


def sample_name(sample: Any) -> str:
    """Name of a sample, unique in its data set: its id, or its path."""
    name = sample.get('img_id')
    if name is None:
        path = os.path.normpath(sample.get('img_path'))
        name = os.path.splitext(path)[0].lstrip('./\\')
    return str(name)


def listing(dataset: Any) -> Listing:
    """Ids and groups of the images of a data set, also in wrappers.

    A data set is named after the folder of its images: the last part of
    ``data_root``, and what ``data_prefix`` adds, as
    ``'hubmap/train_images'``. So one that was moved is the same, and so is
    one that other tables list.

    Args:
        dataset: Data set, or a wrapper; of one that names no samples nothing
            is listed.
    """
    return merge(_of_leaf(leaf) for leaf in leaves(dataset))


def _of_leaf(leaf: Any) -> Listing:
    if not hasattr(leaf, 'get_data_info'):
        return {}
    key = getattr(leaf, 'group', '')
    found = {}
    for k in range(len(leaf)):
        sample = leaf.get_data_info(k)
        group = sample.get(key, '')
        named = '' if group in ('', None) else f'{key}={group}'
        found[sample_name(sample)] = named
    return {_folder_of(leaf): found}


def _folder_of(leaf: Any) -> str:
    root = os.path.abspath(getattr(leaf, 'data_root', None) or '.')
    prefix = getattr(leaf, 'data_prefix', None) or {}
    images = os.path.relpath(prefix.get('img_path') or root, root)
    return os.path.normpath(os.path.join(os.path.basename(root), images))
