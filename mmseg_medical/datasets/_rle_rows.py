"""Tables of run lengths: rows of objects or classes become one per image."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mmseg_medical.converters.record import Skipped
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
        skipped: Where errors of rows go; strict by default.

    Attributes:
        texts: By image, then class (``''`` without a column for it): texts
            of its masks, none for an empty one.
        refused: Images with a row that cannot be used; they have no texts.

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
        skipped: Skipped | None = None,
    ) -> None:
        skipped = Skipped() if skipped is None else skipped
        empty = RLEDialect(dialect).empty
        self.path = path
        self.texts: dict[str, dict[str, list[str]]] = {}
        self.refused: set[str] = set()
        said: dict[tuple[str, str], tuple[int, bool]] = {}
        for line, row in rows:
            name = row[key]
            of = row[label] if label else ''
            filled = row[rle] != empty
            first, was_filled = said.setdefault((name, of), (line, filled))
            wrong = ''
            if not name or (label and not of):
                wrong = (
                    f'{key if not name else label} is blank; every row needs '
                    'one'
                )
            elif first != line and (unique or was_filled != filled):
                what = '' if unique else ', once empty and once not'
                wrong = (
                    f'{f"{name} {of}".strip()!r} stands on line {first} '
                    f'already{what}; delete one of the rows'
                )
            if wrong:
                skipped.add(TableError(f'{path} line {line}: {wrong}'))
                self.refused.add(name)
                continue
            texts = self.texts.setdefault(name, {}).setdefault(of, [])
            if filled:
                texts.append(row[rle])
        for name in self.refused:
            self.texts.pop(name, None)

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
