"""Folders of files: which of them belongs to which image, by its name."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmseg_medical.converters.image_folder import SUFFIXES, walk
from mmseg_medical.datasets.base import DatasetError, MedicalDataset

IMAGE_SUFFIXES = tuple(sorted(SUFFIXES))


def check_folder(folder: str | os.PathLike[str]) -> None:
    """Refuse what is no folder.

    Raises:
        FileNotFoundError: If it is none.
    """
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f'{folder} is no folder; check data_root and data_prefix, or '
            'unpack the archive'
        )


def files_below(folder: str) -> Iterator[str]:
    """Files below a folder, sorted, as paths relative to it with ``/``.

    What systems hide, as ``.ipynb_checkpoints``, is passed over.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    check_folder(folder)
    for path in walk(folder):
        yield path.relative_to(folder).as_posix()


def first_there(root: str, names: Sequence[str]) -> str:
    """The first of several names that a folder has below another.

    The first of all where there is none.
    """
    there = (n for n in names if os.path.isdir(os.path.join(root, n)))
    return next(there, names[0])


def stem_of(name: str, suffixes: str | Sequence[str]) -> str | None:
    """What stands before the longest suffix that fits; None where none does.

    Args:
        name: Path of a file.
        suffixes: One or several; upper and lower case are the same.
    """
    suffixes = [suffixes] if isinstance(suffixes, str) else suffixes
    fitting = [s for s in suffixes if name.lower().endswith(s.lower())]
    length = max(map(len, fitting), default=0)
    return name[:-length] if length else None


class PairedDataset(MedicalDataset):
    """Base of data sets in which a file belongs to an image by its name.

    Args are those of :class:`MedicalDataset`; ``img_suffix`` is one suffix or
    several. Masks may lie beside the images.
    """

    def list_images(self) -> dict[str, dict[str, Any]]:
        """Find the images: samples by their name without the suffix.

        Raises:
            FileNotFoundError: If there is no folder of images.
            DatasetError: If it holds no image, or two of one name.
        """
        folder = self.data_prefix['img_path']
        beside = folder == self.data_prefix.get('seg_map_path')
        names = [*files_below(folder)]
        if beside:
            names = self._without_masks(names)
        files = self._one_by_stem(names, self.img_suffix)
        if not files:
            raise DatasetError(
                f'{folder} holds no image (a file that ends in '
                f'{self.img_suffix}); check data_prefix and img_suffix'
            )
        others = sum(not stem_of(name, self.img_suffix) for name in names)
        if others and not beside:
            self.report(f'{others} files in {folder} are no images')
        return {
            stem: dict(img_id=stem, img_path=f'{folder}/{name}')
            for stem, name in files.items()
        }

    def pair(
        self,
        samples: dict[str, dict[str, Any]],
        suffixes: str | Sequence[str],
        key: str,
    ) -> None:
        """Give each image its file of ``data_prefix['seg_map_path']``.

        Images without such a file are refused or removed.

        Args:
            samples: Samples by the name of the image; changed in place.
            suffixes: What follows that name in the name of the file.
            key: Key of a sample to write its path to.

        Raises:
            FileNotFoundError: If there is no such folder.
            DatasetError: If an image has no file, or a file no image.
        """
        folder = self.data_prefix['seg_map_path']
        files = self._one_by_stem(files_below(folder), suffixes)
        for stem in samples.keys() & files:
            samples[stem][key] = f'{folder}/{files[stem]}'
        self.refuse_lonely(
            samples, [files[stem] for stem in files if stem not in samples]
        )

    def refuse_lonely(
        self, samples: dict[str, dict[str, Any]], files: Sequence[str]
    ) -> None:
        """Leave out images that got no mask, and ``files`` without image."""
        bare = [
            stem
            for stem, sample in samples.items()
            if sample.keys() <= {'img_id', 'img_path'}
        ]
        self.leave_out(
            bare,
            'images without a mask',
            'check data_prefix and seg_map_suffix',
        )
        self.leave_out(
            files,
            'masks without an image',
            'check data_prefix and seg_map_suffix',
        )
        for stem in bare:
            del samples[stem]

    def _without_masks(self, names: Sequence[str]) -> list[str]:
        """Names without those that are masks of another file beside them."""
        stems = Counter(stem_of(name, self.img_suffix) for name in names)

        def is_mask(name: str) -> bool:
            stem = stem_of(name, self.seg_map_suffix)
            own = stem_of(name, self.img_suffix) == stem
            return stem is not None and stems[stem] > own

        return [name for name in names if not is_mask(name)]

    def _one_by_stem(
        self, names: Iterable[str], suffixes: str | Sequence[str]
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        twice = []
        for name in names:
            stem = stem_of(name, suffixes)
            if stem is not None and found.setdefault(stem, name) != name:
                twice.append(f'{name} (beside {found[stem]})')
        self.leave_out(
            twice,
            'files that have the name of another',
            'which of them counts? name one suffix alone',
        )
        return found
