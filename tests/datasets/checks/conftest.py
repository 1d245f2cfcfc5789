"""Observations of samples that were never files."""

from collections.abc import Callable

import numpy as np
import pytest

from mmseg_medical.datasets.checks.facts import image_facts, mask_facts
from mmseg_medical.datasets.checks.observation import Observation, Problem


@pytest.fixture
def observed() -> Callable[..., Observation]:
    """Observation of an image and a mask, random ones by default."""

    def make(
        name='a', *, img=None, mask=None, part='', stored=False, **changes
    ) -> Observation:
        if img is None:
            seed = sum(map(ord, name + part))
            rng = np.random.default_rng(seed)
            img = rng.integers(0, 256, (8, 10, 3)).astype(np.uint8)
        if mask is None:
            mask = np.zeros((8, 10), np.uint8)
            mask[2:6, 2:7] = 1
        if mask is not False:
            mask = mask_facts([np.asarray(mask)], stored=stored)
        problems = changes.pop('problems', {})
        return Observation(
            name=name,
            part=part,
            img_path=f'{name}.png',
            image=None if img is False else image_facts([np.asarray(img)]),
            mask=mask or None,
            problems=tuple(Problem(*item) for item in problems.items()),
            **changes,
        )

    return make
