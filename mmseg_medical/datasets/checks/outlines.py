"""Outlines that leave their image."""

from collections.abc import Iterator, Sequence

from mmseg_medical.datasets.checks.finding import (
    About,
    Finding,
    Severity,
    names_of,
    plural,
)
from mmseg_medical.datasets.checks.observation import Observation

_SLIP = 5  # pixels by which a hand slips over the border


def check_outlines(
    observations: Sequence[Observation], about: About
) -> Iterator[Finding]:
    """Measure how far outlines leave their images."""
    outside = [o for o in observations if o.beyond]
    if not outside:
        return
    most = max(o.beyond or 0 for o in outside)
    far = [o for o in outside if (o.beyond or 0) > _SLIP]
    yield Finding(
        Severity.WARNING if far else Severity.NOTE,
        'outlines_outside',
        f'outlines of {plural(len(far or outside), "mask")} leave the image, '
        f'by {most:.3g} pixels at most',
        names_of(far or outside),
        'were they drawn on an image of another size?'
        if far
        else 'what lies outside is cut',
    )
