"""JSON as files have it: broken, too deep, compressed, or in pieces."""

import gzip
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmseg_medical.converters.record import AnnotationError

# A file of this many bytes, uncompressed, is not what it says.
_LIMIT = 2**31
_BLANK = ' \t\r\n'


def read_text(path: str | os.PathLike[str]) -> str:
    """Text of a file, compressed where it ends in ``.gz``.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If it is no UTF-8, no gzip, or of 2 GiB or more.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist; check data_root and data_prefix'
        )
    opened = gzip.open if path.suffix.lower() == '.gz' else open
    try:
        with opened(path, 'rb') as file:
            data = file.read(_LIMIT)
        if len(data) == _LIMIT:
            raise AnnotationError(
                f'{path} has 2 GiB of text or more; split it by image'
            )
        return data.decode('utf-8-sig')
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AnnotationError(
            f'{path} is no gzip file ({error}); was it cut short?'
        ) from None
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f'{path} is no UTF-8 text ({error}); save it as JSON UTF-8'
        ) from None


def read_json(path: str | os.PathLike[str]) -> Any:
    """Value of a JSON file; errors as :func:`read_text`.

    Raises:
        AnnotationError: If it is no JSON as well.
    """
    try:
        return json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(path, error) from None


def iterate_json(
    path: str | os.PathLike[str], key: str
) -> Iterator[dict[str, Any]]:
    """Objects of a JSON file one by one.

    They are the list that the file is, the list under a key of the object
    that it is, or one object per line. Only the text is held in memory.

    Args:
        path: JSON file, or JSON per line; ``.gz`` is compressed.
        key: Name of the list; an object without it is an object itself.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If it is no JSON, or an object is none.
    """
    text = read_text(path)
    decoder = json.JSONDecoder()
    try:
        at = _skip(text, 0)
        if text[at : at + 1] == '[':
            values = _elements(text, at, decoder)
        elif (begin := _find(text, at, key, decoder)) is not None:
            values = _elements(text, begin, decoder)
        else:
            values = _lines(text, at, decoder)
        for number, value in enumerate(values, 1):
            if not isinstance(value, dict):
                raise AnnotationError(
                    f'{path} object {number}: expected {{…}}, got '
                    f'{str(value)[:60]}'
                )
            yield value
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(path, error) from None


def _broken(path: str | os.PathLike[str], error: Exception) -> AnnotationError:
    return AnnotationError(f'{path} is no JSON ({error}); was it cut short?')


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _expect(text: str, at: int, marks: str) -> int:
    """Place of one of some marks, after blanks."""
    at = _skip(text, at)
    if text[at : at + 1] not in tuple(marks):
        raise json.JSONDecodeError(f'expected one of {marks!r}', text, at)
    return at


def _elements(text: str, at: int, decoder: json.JSONDecoder) -> Iterator[Any]:
    """Elements of the list that begins here, up to the end of the text."""
    at = _skip(text, at + 1)
    if text[at : at + 1] == ']':
        return
    while True:
        value, at = decoder.raw_decode(text, at)
        yield value
        at = _expect(text, at, ',]')
        if text[at] == ']':
            return
        at = _skip(text, at + 1)


def _find(
    text: str, at: int, key: str, decoder: json.JSONDecoder
) -> int | None:
    """Where the list under a key of the first object begins."""
    at = _expect(text, at, '{')
    while text[at] != '}':
        at = _expect(text, at + 1, '"}')
        if text[at] == '}':
            break
        name, at = decoder.raw_decode(text, at)
        at = _skip(text, _expect(text, at, ':') + 1)
        if name == key:
            return _expect(text, at, '[')
        _, at = decoder.raw_decode(text, at)
        at = _expect(text, at, ',}')
    return None


def _lines(text: str, at: int, decoder: json.JSONDecoder) -> Iterator[Any]:
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        at = _skip(text, at)
