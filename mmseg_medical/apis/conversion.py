"""What a conversion of annotations did, in numbers and in words."""

import contextlib
import dataclasses
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mmseg_medical.converters.record import Record
from mmseg_medical.errors import ToleratedWarning

_KEPT = 10_000  # warnings
_LISTED = 20  # messages of a kind in the summary


@dataclasses.dataclass
class Conversion:
    """Counts of what was read, written and left out.

    Attributes:
        format: Name of the format that was written.
        asked: Classes that were asked for, if any.
        written: Number of images written.
        images: Number of images read.
        objects: Number of annotations read, by label.
        empty: Number of images read that have none.
        left_out: Number of annotations of other classes that were left out.
        without_area: Number of points, lines and the like of the source.
        classes: Classes in the order of their indices, where the target
            format has them.
        skipped: Errors of what was left out.
        tolerated: What was mended or let pass.
    """

    format: str
    asked: Sequence[str] = ()
    written: int = 0
    images: int = 0
    objects: Counter[str] = dataclasses.field(default_factory=Counter)
    empty: int = 0
    left_out: Counter[str] = dataclasses.field(default_factory=Counter)
    without_area: int = 0
    classes: Sequence[str] | None = None
    skipped: list[Exception] = dataclasses.field(default_factory=list)
    tolerated: list[str] = dataclasses.field(default_factory=list)

    def count(self, record: Record) -> None:
        """Count what was read."""
        self.images += 1
        self.empty += not record.annotations
        self.objects.update(a.label for a in record.annotations)
        self.without_area += record.properties.get('without_area', 0)

    @contextlib.contextmanager
    def tolerating(self) -> Iterator[None]:
        """Keep the warnings of what is tolerated instead of showing them."""
        with warnings.catch_warnings():
            warnings.simplefilter('always', ToleratedWarning)
            show = warnings.showwarning

            def keep(message: Any, category: Any, *args: Any) -> None:
                if not issubclass(category, ToleratedWarning):
                    show(message, category, *args)
                elif len(self.tolerated) < _KEPT:
                    self.tolerated.append(str(message))

            warnings.showwarning = keep
            yield

    def summary(self, target: str) -> str:
        """Lines for the user.

        Args:
            target: What was written.
        """
        lines = []
        for title, messages in (
            ('tolerated', self.tolerated),
            ('skipped', list(map(str, self.skipped))),
        ):
            if messages:
                lines.append(f'{title}: {len(messages)}')
                lines += [f'  {text}' for text in messages[:_LISTED]]
            if messages[_LISTED:]:
                lines.append(f'  … and {len(messages) - _LISTED} more')
        lines.append(
            f'read: {self.images} images, {self.empty} of them empty; '
            f'objects: {_counts(self.objects)}'
        )
        if self.left_out:
            lines.append(
                f'left out, of other classes: {_counts(self.left_out)}'
            )
        if self.without_area:
            lines.append(f'left out, without an area: {self.without_area}')
        if absent := [name for name in self.asked if not self.objects[name]]:
            lines.append(f'without an object: {", ".join(absent)}')
        if self.classes:
            names = enumerate(self.classes, 1)
            lines.append('classes: ' + ', '.join(f'{k} {n}' for k, n in names))
        lines.append(
            f'wrote {self.written} images to {target} ({self.format})'
        )
        return '\n'.join(lines)


def _counts(counter: Counter[str]) -> str:
    return ', '.join(f'{k} {n}' for k, n in sorted(counter.items())) or 'none'
