"""Read a sample once, whatever is wrong with it."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmseg_medical.converters.image import read_labels
from mmseg_medical.converters.rle import RLEDialect
from mmseg_medical.converters.rle_guess import Reading, try_dialects
from mmseg_medical.datasets.checks.axes import Outlines
from mmseg_medical.datasets.checks.facts import (
    image_facts,
    mask_facts,
)
from mmseg_medical.datasets.checks.loading import (
    Loader,
    Sample,
    Unreadable,
)
from mmseg_medical.datasets.checks.objects import (
    as_problem,
    beyond,
    drawn,
    kind_of,
    known,
    parsed,
)
from mmseg_medical.datasets.checks.observation import (
    ImageFacts,
    MaskFacts,
    Observation,
    Problem,
)
from mmseg_medical.errors import InputError

# Keys of a sample that are the pipeline's, and no facts.
_TAKEN = {'img_id', 'where', 'rle', 'rle_dialect', 'reduce_zero_label'} | {
    *('overlapping', 'sample_idx', 'annotation_format', 'frame', 'plane'),
}
_LONGEST = 300  # characters of a fact
# Problems of an annotation file that leave nothing to paint.
_BROKEN = ('mask', 'mask_missing', 'runs', 'outlines')


class SampleReader:
    """Looks at samples, one after another.

    Whatever a damaged file makes the reader raise becomes a
    :class:`Problem`; what can still be read is read.

    Args:
        transforms: Transforms of the pipeline; those that load are used.
        part: Name of the part of the data set, for its observations.
        ignore_index: Label of pixels that do not count.
    """

    def __init__(
        self,
        transforms: Sequence[Callable[..., Any]],
        *,
        part: str = '',
        ignore_index: int = 255,
    ) -> None:
        self.loader = Loader(transforms)
        self.part = part
        self.ignore_index = ignore_index

    def __call__(self, sample: Sample) -> Observation:
        """Look at a sample.

        Args:
            sample: What the data set says of it.
        """
        problems: list[Problem] = []
        outlines = Outlines()
        sample = middle(sample)
        facts = _facts(sample)
        sample, image = self._image(sample, problems, outlines)
        size = image.shape[:2] if image else None
        sample = parsed(sample, problems, size)
        listed = drawn(sample)
        sample = known(sample)
        mask = self._mask(sample, image, problems, outlines)
        size = size or (mask.shape if mask else None)
        return Observation(
            name=str(sample.get('img_id', sample['img_path'])),
            part=self.part,
            img_path=str(sample['img_path']),
            image=image,
            mask=mask,
            problems=tuple(problems),
            readings=tuple(_readings(sample, size)),
            dialect=str(sample.get('rle_dialect', '')),
            beyond=beyond(sample, size),
            contrasts=outlines.contrasts,
            drawn=listed,
            facts=facts,
        )

    def _image(
        self, sample: Sample, problems: list[Problem], outlines: Outlines
    ) -> tuple[Sample, ImageFacts | None]:
        """Facts, and the sample without a size that is not the file's."""
        try:
            bands = outlines.of_image(self.loader.images(sample))
            return sample, image_facts(bands)
        except Unreadable as error:
            reason = error.reason
        told = {'height', 'width'} & sample.keys()
        if told and not isinstance(reason, FileNotFoundError):
            bare = {k: v for k, v in sample.items() if k not in told}
            with contextlib.suppress(Unreadable):
                image = image_facts(self.loader.images(bare))
                problems.append(as_problem('table_size', reason))
                return bare, image
        missing = isinstance(reason, FileNotFoundError)
        kind = 'image_missing' if missing else 'image'
        problems.append(as_problem(kind, reason))
        return sample, None

    def _mask(
        self,
        sample: Sample,
        image: ImageFacts | None,
        problems: list[Problem],
        outlines: Outlines,
    ) -> MaskFacts | None:
        if any(problem.kind in _BROKEN for problem in problems):
            return None
        try:
            bands = outlines.of_mask(self.loader.labels(sample))
            mask = self._facts_of(sample, bands)
            kind, text = 'mask_size', ''
        except Unreadable as error:
            kind, text = as_problem(kind_of(error.reason), error.reason)
            mask = self._instead(sample, kind)
        if mask and image and mask.shape != image.shape[:2]:
            kind = 'mask_size'
            text = text or f'{mask.shape}, the image {image.shape[:2]}'
        # The size of a mask may be unknown because of the image alone.
        if text and text not in {problem.text for problem in problems}:
            problems.append(Problem(kind, text))
        return mask

    def _facts_of(self, sample: Sample, bands: Iterator[Any]) -> Any:
        """Facts of a mask; None of no mask."""
        first = next(bands, None)
        if first is None:
            return None
        return mask_facts(
            itertools.chain([first], bands),
            ignore_index=self.ignore_index,
            stored=self.loader.stored(sample),
        )

    def _instead(self, sample: Sample, kind: str) -> MaskFacts | None:
        """Facts of a mask that is broken, as far as it can be read."""
        path = sample.get('seg_map_path')
        with contextlib.suppress(Unreadable, OSError, InputError):
            if kind == 'runs':
                return self._facts_of(sample, self.loader.mended(sample))
            if isinstance(path, str):
                return self._facts_of(sample, iter([read_labels(path)]))
        return None


def middle(sample: Sample) -> Sample:
    """Sample with one image: of a stack the one that its mask is of."""
    sample = dict(sample)
    for key in ('img_path', 'frame'):
        if isinstance(sample.get(key), (list, tuple)):
            sample[key] = sample[key][len(sample[key]) // 2]
    return sample


def _texts(rle: Any) -> Iterator[str]:
    if isinstance(rle, (list, tuple)):
        for one in rle:
            yield from _texts(one)
    elif isinstance(rle, str) and rle.strip() not in ('', '-1'):
        yield rle


def _readings(
    sample: Sample, size: tuple[int, int] | None
) -> Iterator[dict[str, Reading]]:
    """What comes of the run lengths of a sample in other dialects."""
    dialect = sample.get('rle_dialect')
    if size is None or not dialect or RLEDialect(dialect).is_coco:
        return
    for text in _texts(sample.get('rle')):
        yield try_dialects(text, size)


def _facts(sample: Sample) -> dict[str, Any]:
    return {
        key: value
        for key, value in sample.items()
        if key not in _TAKEN
        and not key.endswith('_path')
        and isinstance(value, (str, int, float))
        and len(str(value)) <= _LONGEST
    }
