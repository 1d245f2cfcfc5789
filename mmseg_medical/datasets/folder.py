"""Images in one folder, masks in another."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from mmseg.registry import DATASETS

from mmseg_medical.datasets._paired import (
    IMAGE_SUFFIXES,
    PairedDataset,
    files_below,
    stem_of,
)
from mmseg_medical.datasets.base import DatasetError


@DATASETS.register_module()
class FolderDataset(PairedDataset):
    """Any images and masks that belong together by their names.

    .. code-block:: none

        data_root/
        ├── images/a.jpg, b.PNG, c/d.tif …
        └── masks/a.png, b.png, c/d.png …    class indices, or 0 and 255, or
                                             colours; or one file per class:
            masks/a/left_lung.png, a/right_lung.png …

    An image of masks that holds 0 and 255 needs ``LoadMaskRegion(values={255:
    1})``. Of a file per class, pixels above 0 are the class; an image has
    nothing of the classes that it has no file of.

    Args:
        ann_file: Not used.
        data_root: Folder of the tree above.
        img_suffix: Suffix of images, or several; by default those of common
            formats.
        seg_map_suffix: What follows the name of the image in the name of its
            mask, or several of it. One with ``{class}`` in it stands for a
            file per class: ``'/{class}.png'``, ``'_{class}.png'``.
        overlapping: Whether files per class share pixels: masks are then
            planes, of all classes. Else they are painted one after the other
            over the first class, the background.
        colours: The masks have the colours of ``metainfo['palette']``,
            [R, G, B] of each class.
        data_prefix: Folders ``img_path`` and ``seg_map_path`` below
            ``data_root``; without the latter there are no masks.
        kwargs: Arguments of :class:`MedicalDataset`; ``metainfo`` names the
            classes.

    Raises:
        FileNotFoundError: If a folder is missing.
        DatasetError: If ``metainfo`` has no classes, there are no images,
            two images or two masks have one name, an image has no mask, a
            mask no image, or no file is of one of the classes.

    Example:
        >>> dataset = dict(
        ...     type='FolderDataset',
        ...     data_root='data/lungs',
        ...     seg_map_suffix='/{class}.png',
        ...     metainfo=dict(classes=('left_lung', 'right_lung')),
        ... )
    """

    def __init__(
        self,
        ann_file: str = '',
        data_root: str = 'data',
        *,
        img_suffix: str | Sequence[str] = IMAGE_SUFFIXES,
        seg_map_suffix: str | Sequence[str] = '.png',
        overlapping: bool = True,
        colours: bool = False,
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.per_class = '{class}' in ''.join(seg_map_suffix)
        if self.per_class and (
            not isinstance(seg_map_suffix, str)
            or seg_map_suffix.startswith('{class}')
        ):
            raise DatasetError(
                f'seg_map_suffix is {seg_map_suffix!r}; something has to part '
                "the image from the class, as '/{class}.png'"
            )
        self.overlapping = overlapping and self.per_class
        self.colours = colours
        folders = dict(img_path='images', seg_map_path='masks')
        super().__init__(
            ann_file,
            data_root,
            img_suffix=img_suffix,
            seg_map_suffix=seg_map_suffix,
            data_prefix=folders if data_prefix is None else data_prefix,
            **kwargs,
        )

    def get_data_info(self, idx: int) -> dict[str, Any]:
        colours = self.metainfo['palette'] if self.colours else None
        return dict(super().get_data_info(idx), colours=colours)

    def load_samples(self) -> list[dict[str, Any]]:
        self.check_classes()
        samples = self.list_images()
        if self.data_prefix.get('seg_map_path') and self.per_class:
            self._pair_per_class(samples)
        elif self.data_prefix.get('seg_map_path'):
            self.pair(samples, self.seg_map_suffix, 'seg_map_path')
        return list(samples.values())

    def _pair_per_class(self, samples: dict[str, dict[str, Any]]) -> None:
        folder = self.data_prefix['seg_map_path']
        classes = self.metainfo['classes'][0 if self.overlapping else 1 :]
        between, ending = self.seg_map_suffix.split('{class}')
        files: dict[str, dict[str, str]] = defaultdict(dict)
        lonely = []
        for name in files_below(folder):
            before = stem_of(name, ending) or ''
            stem, label = _divide(before, between, samples)
            if stem is None:
                lonely.append(name)
            else:
                files[stem][label] = f'{folder}/{name}'
        for stem, found in files.items():
            samples[stem]['seg_map_path'] = [
                found.get(label) for label in classes
            ]
        there = Counter(label for found in files.values() for label in found)
        for label in classes:
            if label not in there:
                raise DatasetError(
                    f'{folder}: no image has a file of class {label!r}; there '
                    f'are files of {sorted(there)}'
                )
        if others := sorted(there.keys() - set(classes)):
            count = sum(there[label] for label in others)
            self.report(
                f'{count} files of {", ".join(others)} are not read; '
                'metainfo does not name these classes'
            )
        self.refuse_lonely(samples, lonely)


def _divide(
    name: str, between: str, stems: dict[str, Any]
) -> tuple[str | None, str]:
    """Divide a name into the longest stem that fits, and the class."""
    at = name.rfind(between)
    while at >= 0:
        if name[:at] in stems:
            return name[:at], name[at + len(between) :]
        at = name.rfind(between, 0, at)
    return None, ''
