"""Which classes each image of a data set has, known before it is loaded."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log

from mmseg_medical._files import replacing
from mmseg_medical.datasets.areas import AreaReader
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress

Classes = tuple[str, ...]
# Of a sample, what says nothing of its mask.
_ASIDE = frozenset(('sample_idx', 'where', 'meta_keys'))


def located(dataset: Any) -> Iterator[tuple[Any, int]]:
    """Where each sample of a data set in wrappers comes from.

    Args:
        dataset: Data set, or a wrapper of mmengine or MMSegmentation.

    Returns:
        For each index the data set within, and the index there.

    Raises:
        InputError: If a wrapper does not keep its samples in their order.
    """
    if hasattr(dataset, 'datasets'):  # ConcatDataset
        found = [one for part in dataset.datasets for one in located(part)]
    elif hasattr(dataset, 'dataset'):
        inner = list(located(dataset.dataset))
        if hasattr(dataset, 'repeat_indices'):  # ClassBalancedDataset
            found = [inner[k] for k in dataset.repeat_indices]
        else:
            found = inner * getattr(dataset, 'times', 1)  # RepeatDataset
    else:
        found = [(dataset, k) for k in range(len(dataset))]
    if len(found) != len(dataset):
        raise InputError(
            f'{type(dataset).__name__}: which of its {len(dataset)} samples '
            f'come from which of {len(found)} is not known; choose another '
            'train_dataloader.sampler'
        )
    yield from found


def place_of(dataset: Any) -> str:
    """Name of a data set, for messages."""
    leaf, _ = next(located(dataset))
    return str(getattr(leaf, 'place', type(leaf).__name__))


def classes_present(dataset: Any) -> list[Classes]:
    """Names of the classes but the background of each image.

    Run lengths say it by themselves. Other masks are read once, on one
    process; what was found is kept in ``~/.cache/mmseg_medical`` (or the
    folder that ``MMSEG_MEDICAL_CACHE`` names) until a file changes.

    Args:
        dataset: Data set, or a wrapper of mmengine or MMSegmentation.

    Raises:
        InputError: If a mask is missing, cannot be read or holds a label
            that is no class.
    """
    where = list(located(dataset))
    leaves = {id(leaf): leaf for leaf, _ in where}
    found = {key: _of_leaf(leaf) for key, leaf in leaves.items()}
    return [found[id(leaf)][k] for leaf, k in where]


def _of_leaf(leaf: Any) -> dict[int, Classes]:
    """Classes of each sample of a data set without wrappers."""
    samples = {k: leaf.get_data_info(k) for k in range(len(leaf))}
    classes = tuple(leaf.metainfo['classes'])
    found = {
        k: _of_runs(sample['rle'], classes)
        for k, sample in samples.items()
        if 'rle' in sample
    }
    rest = {k: s for k, s in samples.items() if k not in found}
    if rest:
        result = [_read(leaf, rest, classes) if is_main_process() else None]
        broadcast_object_list(result)
        found |= result[0]
    return found


def _of_runs(texts: Any, classes: Classes) -> Classes:
    """Classes with runs; one text is that of the last class."""
    planes = texts if isinstance(texts, list) else [texts]
    names = classes[-len(planes) :]
    return tuple(
        name for name, one in zip(names, planes, strict=True) if _has_runs(one)
    )


def _has_runs(text: Any) -> bool:
    if isinstance(text, list):
        return any(map(_has_runs, text))
    return text.strip() not in ('', '-1')


def _read(
    leaf: Any, samples: dict[int, dict[str, Any]], classes: Classes
) -> dict[int, Classes]:
    pipeline = getattr(leaf, 'pipeline', None)
    reader = AreaReader(
        getattr(pipeline, 'transforms', []),
        classes,
        ignore_index=leaf.ignore_index,
    )
    cache = _cache_file(reader, samples.values(), classes)
    if cache.is_file():
        kept = json.loads(cache.read_text())
        return dict(zip(samples, map(tuple, kept), strict=True))
    found = {}
    with Progress(len(samples)) as progress:
        for k, sample in progress.over(samples.items()):
            areas = reader(sample).areas
            names = classes[-len(areas) :]
            found[k] = tuple(
                name for name, area in zip(names, areas, strict=True) if area
            )
    try:
        with replacing(cache) as temporary:
            temporary.write_text(json.dumps(list(found.values())))
    except OSError as error:  # it is read again the next time
        print_log(str(error), logger='current')
    return found


def _cache_file(
    reader: AreaReader, samples: Iterable[dict[str, Any]], classes: Classes
) -> Path:
    """File whose name stands for the masks and how they are read."""
    digest = hashlib.sha256()
    how = type(reader.load).__name__, vars(reader.load), reader.ignore_index
    digest.update(repr((*how, classes)).encode())
    for sample in samples:
        told = {k: v for k, v in sample.items() if k not in _ASIDE}
        digest.update(json.dumps(told, sort_keys=True, default=str).encode())
        for path in _paths(sample):
            state = os.stat(path)
            digest.update(f'{state.st_size} {state.st_mtime_ns} '.encode())
    folder = os.environ.get('MMSEG_MEDICAL_CACHE', '~/.cache/mmseg_medical')
    name = f'classes_{digest.hexdigest()[:32]}.json'
    return Path(folder).expanduser() / name


def _paths(sample: dict[str, Any]) -> Iterator[str]:
    """Files of the mask of a sample."""
    for key in ('seg_map_path', 'annotation_path', 'pseudo_path'):
        paths = sample.get(key)
        yield from filter(None, paths if isinstance(paths, list) else [paths])
