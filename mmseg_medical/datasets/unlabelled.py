"""Images that nobody has labelled: files, folders and arrays."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from mmseg_medical.converters.dicom import DICOMImage, is_dicom
from mmseg_medical.converters.image_folder import SUFFIXES, PathLike, walk
from mmseg_medical.converters.nifti import NIfTIImage
from mmseg_medical.datasets.stacks import neighbours
from mmseg_medical.errors import InputError

Sample = dict[str, Any]
_NIFTI = ('.nii', '.nii.gz')
_DICOM = ('.dcm', '.dicom', '.ima')
_ENDS = tuple(sorted({*SUFFIXES, *_NIFTI, *_DICOM}, key=len, reverse=True))


class Found(NamedTuple):
    """Images that were found.

    Attributes:
        samples: ``img_id``, ``img_path`` and, of files with several,
            ``frame`` of each, as loading transforms take them.
        others: Number of files of folders that are no images.
    """

    samples: list[Sample]
    others: int


def find_images(
    inputs: Iterable[PathLike], *, stack: dict[str, int] | None = None
) -> Found:
    """Find the images of files and folders, whatever lies below them.

    Ids are paths below the folder that all inputs have in common, without
    suffix: of one folder the paths in it, of files of one folder their
    names. Images of one folder that differ in their suffix keep it. Volumes
    (NIfTI, DICOM of several frames) have an image for each slice,
    ``<volume>/0000`` …

    Args:
        inputs: Files and folders.
        stack: ``num`` and ``stride`` of the slices that a network sees at
            once. Slices of one file, or the files of one folder in the order
            of their numbers, are a volume.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        InputError: If there is no image.
    """
    files: dict[str, Path] = {}  # by the place, so that each comes once
    roots, others = [], 0
    for entry in map(Path, inputs):
        if not entry.exists():
            raise FileNotFoundError(f'{entry} does not exist')
        roots.append(
            os.path.abspath(entry if entry.is_dir() else entry.parent)
        )
        for path in walk(entry) if entry.is_dir() else [entry]:
            if entry.is_dir() and not _is_image(path):
                others += 1
            else:
                files.setdefault(os.path.abspath(path), path)
    if not files:
        raise InputError(
            f'{", ".join(roots) or "nothing"} holds no image '
            f'({", ".join(sorted(_ENDS))}, or DICOM without suffix); '
            f'{others} other files'
        )
    samples: list[Sample] = []
    for name, path in _named(files, os.path.commonpath(roots)):
        samples += _frames(name, path)
    return Found(_stacked(samples, **stack or {}), others)


def _is_image(path: Path) -> bool:
    if path.name.lower().endswith(_ENDS):
        return True
    return not path.suffix and os.access(path, os.R_OK) and is_dicom(path)


def _named(files: dict[str, Path], root: str) -> Iterable[tuple[str, Path]]:
    """Id of each file."""
    paths = {
        place: os.path.relpath(place, root).replace(os.sep, '/')
        for place in files
    }
    stems = {place: _stem(name) for place, name in paths.items()}
    counts = Counter(stems.values())
    for place, path in files.items():
        stem = stems[place]
        yield stem if counts[stem] == 1 else paths[place], path


def _stem(name: str) -> str:
    ends = (end for end in _ENDS if name.lower().endswith(end))
    end = next(ends, os.path.splitext(name)[1])
    return name[: len(name) - len(end)] or name


def _frames(name: str, path: Path) -> list[Sample]:
    """Samples of a file; one that cannot be opened is one, and fails later."""
    sample = dict(img_id=name, img_path=str(path))
    count = 1
    try:
        if path.name.lower().endswith(_NIFTI):
            count = NIfTIImage.open(path).frames
        elif path.suffix.lower() in _DICOM or is_dicom(path):
            count = DICOMImage.open(path).frames
    except (InputError, OSError, ImportError):
        pass
    if count == 1:
        return [sample]
    return [
        dict(sample, img_id=f'{name}/{k:04d}', frame=k) for k in range(count)
    ]


def _stacked(
    samples: list[Sample], *, num: int = 1, stride: int = 1
) -> list[Sample]:
    """Give each slice its neighbours."""
    if num == 1:
        return samples
    volumes: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        path = sample['img_path']
        volume = path if 'frame' in sample else os.path.dirname(path)
        volumes[volume].append(sample)
    stacked = {}
    for volume in volumes.values():
        volume.sort(key=lambda s: (_numbers(s['img_path']), s.get('frame', 0)))
        for k, sample in enumerate(volume):
            stack = neighbours(volume, k, num=num, stride=stride)
            new = dict(sample, img_path=[one['img_path'] for one in stack])
            if 'frame' in sample:
                new['frame'] = [one['frame'] for one in stack]
            stacked[sample['img_id']] = new
    return [stacked[sample['img_id']] for sample in samples]


def _numbers(path: str) -> list[Any]:
    """Key by which slice 2 comes before slice 10."""
    words = re.split(r'(\d+)', os.path.basename(path))
    return [int(word) if k % 2 else word for k, word in enumerate(words)]


class Loaded(NamedTuple):
    """An image on its way to a network.

    Attributes:
        img_id: Id of the image.
        packed: ``inputs`` and ``data_samples``; None where it is broken.
        img: (H, W, C) as it was read, of a stack the middle slice; None
            unless it was asked for.
        error: What is wrong with it.
    """

    img_id: str
    packed: dict[str, Any] | None = None
    img: NDArray[Any] | None = None
    error: Exception | None = None


class UnlabelledImages:
    """Images for a loader of torch, those that are broken as errors.

    Args:
        samples: As :func:`find_images` gives them, or with ``img``, an array
            (H, W) or (H, W, C), colours as BGR, instead of a path.
        load: Transform that reads a file, with ``arrange`` for arrays.
        rest: What comes after it, up to packing.
        channels: Number of channels that the network takes.
        keep_img: Whether :attr:`Loaded.img` is wanted.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        *,
        load: Any,
        rest: Any,
        channels: int,
        keep_img: bool = False,
    ) -> None:
        self.samples = samples
        self.load = load
        self.rest = rest
        self.channels = channels
        self.keep_img = keep_img

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, k: int) -> Loaded:
        sample = dict(self.samples[k])
        name = sample['img_id']
        try:
            results = self._read(sample)
            img = _middle(results) if self.keep_img else None
            packed = self.rest(results)
            self._check(packed['inputs'].shape[0], sample)
        except (InputError, OSError, ImportError) as error:
            return Loaded(name, error=error)
        return Loaded(name, packed, img)

    def _read(self, sample: Sample) -> Sample:
        sample.setdefault('seg_fields', [])
        if 'img' not in sample:
            return self.load(sample)
        img = sample['img']
        if img.ndim not in (2, 3) or not img.size:
            raise InputError(
                f'an image is (H, W) or (H, W, C), got {img.shape}'
            )
        if img.ndim == 3 and img.shape[2] == 3:
            img = img[..., ::-1]  # BGR, as everywhere in mmcv
        if hasattr(self.load, 'arrange'):
            img = self.load.arrange(img)
        return dict(
            sample, img=img, img_shape=img.shape[:2], ori_shape=img.shape[:2]
        )

    def _check(self, found: int, sample: Sample) -> None:
        if found != self.channels:
            which = sample.get('img_path', sample['img_id'])
            raise InputError(
                f'{which} has {found} channel(s), the model takes '
                f'{self.channels}; gray becomes three equal channels, or '
                'colours gray, by channels=3 or 1 (--channels)'
            )


def _middle(results: Sample) -> NDArray[Any]:
    """Image of a sample, of a stack the slice in the middle."""
    img: NDArray[Any] = results['img']
    several = [results.get('img_path'), results.get('frame')]
    count = max(len(v) if isinstance(v, list) else 1 for v in several)
    each = img.shape[2] // count
    first = count // 2 * each
    return img[..., first : first + each].copy()
