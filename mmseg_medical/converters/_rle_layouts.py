"""Tables of run lengths as their owners lay them out."""

import dataclasses

from mmseg_medical.converters.image_folder import Size
from mmseg_medical.errors import InputError


@dataclasses.dataclass(frozen=True)
class Layout:
    """Columns of an owner's table and what its rows stand for.

    Attributes:
        key: Column of the image id.
        masks: Names of the column of run lengths; written as the first.
        dialect: Name of an :class:`RLEDialect`.
        label: Column of the class; None where the table has one class.
        rows: Rows of an image: ``'one'``, ``'classes'`` or ``'objects'``.
        sized: Whether the table is written with the sizes of images.
        shape: (height, width) of all images of the owner; None where they
            differ.
    """

    key: str
    masks: tuple[str, ...]
    dialect: str
    label: str | None = None
    rows: str = 'one'
    sized: bool = False
    shape: Size | None = None

    @property
    def bare(self) -> tuple[str, ...] | None:
        """Columns of a table that may lack its header."""
        return (self.key, *self.masks) if self.rows == 'objects' else None


LAYOUTS = {
    'hubmap': Layout(
        'id', ('rle', 'encoding', 'predicted'), 'kaggle', sized=True
    ),
    'uw_madison': Layout(
        *('id', ('segmentation', 'predicted'), 'kaggle_row', 'class'),
        rows='classes',
    ),
    'siim': Layout(
        *('ImageId', ('EncodedPixels',), 'siim'),
        rows='objects',
        shape=(1024, 1024),
    ),
    'dsb2018': Layout(
        'ImageId', ('EncodedPixels',), 'dsb2018', rows='objects'
    ),
}


def get_layout(name: str) -> Layout:
    """Layout of a name.

    Raises:
        InputError: If there is none.
    """
    if name not in LAYOUTS:
        raise InputError(
            f'unknown layout {name!r}: expected one of {list(LAYOUTS)}'
        )
    return LAYOUTS[name]
