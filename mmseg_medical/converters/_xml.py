"""XML of annotation tools: in pieces, and without what can do harm.

A document type, which could define entities that grow without bound or name
other files, is refused; no annotation tool writes one.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from mmseg_medical.converters.record import AnnotationError

_CHUNK = 1 << 16


class _Collector:
    """Builds elements of some names, and forgets all else."""

    def __init__(self, path: Path, root: str, tags: Sequence[str]) -> None:
        self.path, self.root, self.tags = path, root, tags
        self.attributes: dict[str, str] | None = None  # of the root
        self.builder: TreeBuilder | None = None
        self.depth = 0  # of open elements in the one that is built
        self.done: list[Element] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.parser.StartDoctypeDeclHandler = self.refuse

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.attributes is None:
            if tag != self.root:
                raise AnnotationError(
                    f'{self.path}: expected <{self.root}>, got <{tag[:40]}>; '
                    'is it of another tool?'
                )
            self.attributes = attributes
        elif self.builder is None and tag in self.tags:
            self.builder = TreeBuilder()
        if self.builder is not None:
            self.builder.start(tag, attributes)
            self.depth += 1

    def end(self, tag: str) -> None:
        if self.builder is not None:
            self.builder.end(tag)
            self.depth -= 1
            if not self.depth:
                self.done.append(self.builder.close())
                self.builder = None

    def data(self, text: str) -> None:
        if self.builder is not None:
            self.builder.data(text)

    def refuse(self, *_: object) -> None:
        raise AnnotationError(
            f'{self.path} has a DOCTYPE, which annotation tools do not write '
            'and which is not read; remove it if you trust the file'
        )


def iterate_xml(
    path: str | os.PathLike[str], root: str, tags: Sequence[str]
) -> Iterator[tuple[Element, dict[str, str]]]:
    """Elements of some names one by one, with all that is in them.

    Args:
        path: XML file.
        root: Name of its outermost element.
        tags: Names of the elements; those inside of each other come once.

    Yields:
        The element and the attributes of the outermost one.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If it is no XML, has another outermost element, or a
            document type.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist; check data_root and ann_file'
        )
    collector = _Collector(path, root, tags)
    try:
        with path.open('rb') as file:
            more = True
            while more:
                chunk = file.read(_CHUNK)
                more = bool(chunk)
                collector.parser.Parse(chunk, not more)
                for element in collector.done:
                    yield element, collector.attributes or {}
                collector.done.clear()
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        with path.open('rb') as file:
            zipped = file.read(2) == b'PK'
        cure = (
            'it is a zip archive; unpack it' if zipped else 'was it cut short?'
        )
        raise AnnotationError(f'{path} is no XML ({error}); {cure}') from None


def number(
    element: Element, name: str, where: str, *, default: float | None = None
) -> float:
    """Attribute of an element as a number.

    Args:
        element: Element that has it.
        name: Name of the attribute.
        where: File and number of the element, for the message.
        default: Value where it is missing; None does not allow that.

    Raises:
        AnnotationError: If it is missing, no number, or beyond 10^9.
    """
    text = element.get(name)
    if text is None and default is not None:
        return default
    try:
        value = float(text or '')
    except ValueError:
        value = float('nan')
    if not abs(value) < 1e9:
        raise AnnotationError(f'{where}: {name} is {text!r:.40}, no number')
    return value


def whole_number(
    element: Element, name: str, where: str, *, default: int | None = None
) -> int:
    """Attribute of an element as a whole number; as :func:`number`.

    Raises:
        AnnotationError: If it is none.
    """
    value = number(element, name, where, default=default)
    if value != int(value):
        raise AnnotationError(
            f'{where}: {name} is {element.get(name)!r}, no whole number'
        )
    return int(value)
