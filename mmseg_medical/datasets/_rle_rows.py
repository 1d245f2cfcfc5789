"""Tables of run lengths: rows of objects or classes become one per image."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mmseg_medical.converters.rle import RLEDialect
from mmseg_medical.converters.table import TableError

Rows = Iterable[tuple[int, Mapping[str, str]]]


class RunRows:
    """Run lengths of each image and class, in the order of the rows.

    Args:
        rows: Line and cells of each row, as ``iter_table`` gives them.
        path: The table, for messages.
        key: Column of the image.
        rle: Column of the run lengths.
        dialect: Their dialect, which says how an empty mask is written.
        label: Column of the class; None where the table has one class.
        unique: Each image and class has one row; else the masks of several
            are united.

    Attributes:
        texts: By image, then class (``''`` without a column for it): texts
            of its masks, none for an empty one.

    Raises:
        TableError: If a row says that there is nothing and another that there
            is, an image or class is blank, or there twice and ``unique``.
    """

    def __init__(
        self,
        rows: Rows,
        path: str,
        *,
        key: str,
        rle: str,
        dialect: str,
        label: str | None = None,
        unique: bool = False,
    ) -> None:
        empty = RLEDialect(dialect).empty
        self.path = path
        self.texts: dict[str, dict[str, list[str]]] = {}
        said: dict[tuple[str, str], tuple[int, bool]] = {}
        for line, row in rows:
            name = row[key]
            of = row[label] if label else ''
            if not name or (label and not of):
                raise TableError(
                    f'{path} line {line}: {key if not name else label} is '
                    'blank; every row needs one'
                )
            texts = self.texts.setdefault(name, {}).setdefault(of, [])
            filled = row[rle] != empty
            before = said.setdefault((name, of), (line, filled))
            if before[0] != line and (unique or before[1] != filled):
                what = '' if unique else ', once empty and once not'
                raise TableError(
                    f'{path} line {line}: {f"{name} {of}".strip()!r} stands '
                    f'on line {before[0]} already{what}; delete one of the '
                    'rows'
                )
            if filled:
                texts.append(row[rle])

    def of(self, name: str, classes: Iterable[str]) -> list[Any]:
        """One item per class: a text, several to unite, or none."""
        texts = self.texts[name]
        found = [texts.get(label, []) for label in classes]
        return [text[0] if len(text) == 1 else text for text in found]

    def check_classes(self, classes: Sequence[str]) -> None:
        """Refuse a table of other classes.

        Raises:
            TableError: If a row has another class.
        """
        for name, texts in self.texts.items():
            if other := texts.keys() - set(classes):
                raise TableError(
                    f'{self.path} {name}: class {min(other)!r} is none of '
                    f'{tuple(classes)}; is it the table of other data?'
                )
