"""What the loading transforms ask of a sample: its size and its runs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mmseg_medical.converters import rle
from mmseg_medical.converters.image import image_size
from mmseg_medical.converters.runs_geometry import nothing, union
from mmseg_medical.errors import InputError

INSTANCES = 'gt_inst_map'  # key of the ids of objects


class Source(NamedTuple):
    """One file, or one frame of a file, that a sample is read from."""

    path: str
    frame: int | None

    def __str__(self) -> str:
        if self.frame is None:
            return self.path
        return f'{self.path} (frame {self.frame})'


def sources(results: dict[str, Any]) -> list[Source]:
    """Where the channels of an image come from, in their order.

    ``img_path`` and ``frame`` are one value or several each.

    Raises:
        InputError: If both are several, but not as many.
    """
    paths, frames = results['img_path'], results.get('frame')
    if not isinstance(paths, (list, tuple)):
        if not isinstance(frames, Sequence):
            return [Source(paths, frames)]
        paths = [paths] * len(frames)
    if not isinstance(frames, Sequence):
        frames = [frames] * len(paths)
    if len(frames) != len(paths) or not paths:
        raise InputError(
            f'{results.get("where", paths[:1])}: {len(paths)} files and '
            f'{len(frames)} frames make no stack; give one frame for each file'
        )
    return [Source(*pair) for pair in zip(paths, frames, strict=True)]


def mask_frame(results: dict[str, Any]) -> int | None:
    """Frame of the file of the mask: that of the image, of a stack the middle.

    ``seg_frame`` says another one, or None where the mask has but one.
    """
    frame = results.get('frame')
    if isinstance(frame, Sequence):
        frame = frame[len(frame) // 2]
    found: int | None = results.get('seg_frame', frame)
    return found


def true_size(results: dict[str, Any]) -> tuple[int, int]:
    """Size of the image file, checked against the owner's table.

    Raises:
        InputError: If it is another, or files of a stack differ.
    """
    plane = results.get('plane', 'axial')
    first, *others = sources(results)
    size = image_size(first.path, frame=first.frame, plane=plane)
    for other in others:
        if other.path == first.path:
            continue
        found = image_size(other.path, frame=other.frame, plane=plane)
        if found != size:
            raise InputError(
                f'{other} has {found[0]} x {found[1]} pixels (height x '
                f'width), {first} has {size[0]} x {size[1]}; images of one '
                'stack have the same size'
            )
    told = (results.get('height', size[0]), results.get('width', size[1]))
    if told != size:
        raise InputError(
            f'{results.get("where", "")}: the table says {told[0]} x '
            f'{told[1]} pixels (height x width), {first.path} has '
            f'{size[0]} x {size[1]}; if the table is wrong, add the id to '
            'wrong_sizes of the data set'
        )
    return size


def load_runs(
    results: dict[str, Any], size: tuple[int, int], *, repair: bool = False
) -> list[rle.Runs]:
    """Runs of each class of a sample but the background, read once.

    ``rle`` is a text, or a list of one item per class: a text, or a list of
    texts whose masks are united.
    """
    if 'runs' in results:
        return results['runs']
    dialect, where = results['rle_dialect'], results.get('where', '')

    def load(text: Any, where: str) -> rle.Runs:
        if isinstance(text, list):
            return union([nothing(size), *(load(t, where) for t in text)])
        return rle.load(text, size, dialect, repair=repair, where=where)

    texts = results['rle']
    if isinstance(texts, list):
        names = results.get('classes') or range(len(texts))
        runs = [
            load(text, f'{where} {name}')
            for text, name in zip(texts, names[-len(texts) :], strict=True)
        ]
    else:
        runs = [load(texts, where)]
    results['runs'] = runs
    return runs


def instances(results: dict[str, Any], transform: Any) -> Any:
    """Ids of the objects of a sample (H, W), for a transform that needs them.

    Returns:
        None where there are none, and ``transform`` does not require them.

    Raises:
        InputError: If it does.
    """
    if INSTANCES in results or not transform.required:
        return results.get(INSTANCES)
    raise InputError(
        f'{results.get("img_path")} has no {INSTANCES}: '
        f'{type(transform).__name__} comes after LoadInstancesRegion'
    )


def mask_fields(results: dict[str, Any]) -> list[str]:
    """Keys of everything that lies upon the pixels of the image."""
    fields = list(results.get('seg_fields', ()))
    return fields + ['seg_weight'] * ('seg_weight' in results)
