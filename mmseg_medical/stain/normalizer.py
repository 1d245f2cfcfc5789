"""What all stain normalisations share: fit once, save, apply, count."""

import json
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from mmseg_medical._files import replacing
from mmseg_medical.errors import InputError
from mmseg_medical.stain.density import Image, as_pixels


class StainNormalizer(ABC):
    """Give images of one stain the colours of a target.

    Attributes:
        target: Statistics of the target image, or None before :meth:`fit`.
        unchanged: Number of images that were passed through as they were,
            because they have too little tissue or only one colour.

    Example:
        >>> normalizer = build_normalizer('macenko').fit(target)
        >>> normalizer.save('target.json')
        >>> img = build_normalizer('target.json').normalize(img)
    """

    method: ClassVar[str]
    methods: ClassVar[dict[str, type['StainNormalizer']]] = {}

    def __init_subclass__(cls) -> None:
        StainNormalizer.methods[cls.method] = cls

    def __init__(self) -> None:
        self.target: Any = None
        self.unchanged = 0

    @abstractmethod
    def statistics(self, img: Image) -> Any:
        """Statistics of the stains of an image.

        Args:
            img: (H, W, 3) uint8 RGB.

        Returns:
            A NamedTuple of floats and tuples; None where the image has too
            little tissue or only one colour.
        """

    @abstractmethod
    def transfer(self, img: Image, source: Any, target: Any) -> Image:
        """Map an image with statistics ``source`` to ``target``."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Arguments of the constructor, for :meth:`save`."""

    @abstractmethod
    def restore(self, target: dict[str, Any]) -> Any:
        """Statistics from the dict that :meth:`save` wrote."""

    def fit(self, img: Image) -> 'StainNormalizer':
        """Take the colours of an image as target.

        Args:
            img: (H, W, 3) uint8 RGB.

        Raises:
            ValueError: If ``img`` is no RGB image, or has too little tissue
                or only one colour.
        """
        as_pixels(img)
        target = self.statistics(img)
        if target is None:
            raise InputError(
                f'cannot fit {self.method} to an image with too little '
                'tissue or only one colour; choose a target that shows both '
                'stains'
            )
        self.target = target
        return self

    def normalize(self, img: Image) -> Image:
        """Give an image the colours of the target.

        Args:
            img: (H, W, 3) uint8 RGB; it is not changed.

        Returns:
            (H, W, 3) uint8 RGB; ``img`` itself, and one more in
            :attr:`unchanged`, where it has too little tissue or only one
            colour.

        Raises:
            RuntimeError: If there is no target yet.
            ValueError: If ``img`` is no RGB image.
        """
        if self.target is None:
            raise RuntimeError(
                f'{self.method} has no target: call fit(image) or load one'
            )
        as_pixels(img)
        source = self.statistics(img)
        if source is None:
            self.unchanged += 1
            return img
        return self.transfer(img, source, self.target)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write method, options and target as JSON, whole or not at all."""
        if self.target is None:
            raise RuntimeError(f'{self.method} has no target to save')
        state = dict(
            method=self.method,
            options=self.options(),
            target=self.target._asdict(),
        )
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(state, indent=2) + '\n')


def build_normalizer(
    method: str | os.PathLike[str], **options: Any
) -> StainNormalizer:
    """Build a stain normalisation by name, or load a saved one.

    Args:
        method: ``'macenko'``, ``'reinhard'`` or ``'vahadane'``; or the path
            of a ``.json`` file that :meth:`StainNormalizer.save` wrote.
        options: Arguments of the class.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the method is unknown or the file is no saved target.
    """
    path = Path(method)
    if path.suffix != '.json':
        if method not in StainNormalizer.methods:
            raise InputError(
                f'unknown stain normalisation {str(method)!r}: expected one '
                f'of {sorted(StainNormalizer.methods)} or a .json file'
            )
        return StainNormalizer.methods[str(method)](**options)
    try:
        state = json.loads(path.read_text())
        normalizer = StainNormalizer.methods[state['method']](
            **{**state['options'], **options}
        )
        normalizer.target = normalizer.restore(state['target'])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f'{path} is no saved stain target ({type(error).__name__}: '
            f'{error}); write one with fit(image) and save(path)'
        ) from None
    return normalizer
