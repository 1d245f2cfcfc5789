"""A folder that was recognised, as configs of data sets."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from mmseg_medical.errors import InputError


class LayoutError(InputError):
    """A folder in which no data set was recognised."""


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """What a folder holds.

    Attributes:
        name: Identifier, as ``'hubmap'``.
        title: Name for people.
        because: What it was recognised by.
        parts: Configs of data sets by ``'train'``, ``'val'`` …; one part
            that is named ``''`` where nothing is split.
        loader: Arguments of ``LoadMaskRegion``, beside what checks find out.
        broken: Annotation files of the folder that cannot be read, and why.
        root: Folder that the configs are relative to, their ``data_root``.
        named: Whether the classes of the configs are those of the data; else
            they stand for what is not known yet.
    """

    name: str
    title: str
    because: str
    parts: Mapping[str, Mapping[str, Any]]
    loader: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    broken: Mapping[str, str] = dataclasses.field(default_factory=dict)
    root: str = ''
    named: bool = True
