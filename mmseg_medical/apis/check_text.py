"""What a check prints."""

import textwrap
from collections.abc import Iterator

from mmseg_medical.apis.check_dataset import DatasetCheck
from mmseg_medical.datasets.checks import Finding, Severity
from mmseg_medical.datasets.checks.finding import listed, percent, plural
from mmseg_medical.datasets.checks.statistics import count_classes
from mmseg_medical.visualization.dataset_page import summary

_WIDTH = 79
_NAMES = 4


def check_text(check: DatasetCheck) -> str:
    """Write what came of looking at a data set.

    Args:
        check: The check.
    """
    return '\n'.join(_lines(check))


def _lines(check: DatasetCheck) -> Iterator[str]:
    for layout in check.layouts[:1]:
        yield f'{layout.title} ({layout.name}): {layout.because}'
    for layout in check.layouts[1:]:
        yield f'--layout {layout.name}: {layout.because}'
    figures = summary(check.observations, ())
    found = [f'{value} {name}' for name, value in figures.items()]
    yield ', '.join(found[:-2])
    yield ''
    yield from _classes(check)
    for finding in check.findings:
        yield from _finding(finding)
    counts = [
        plural(check.count(severity), severity.name.lower())
        for severity in reversed(Severity)
    ]
    yield ', '.join(counts)


def _classes(check: DatasetCheck) -> Iterator[str]:
    found = count_classes(check.observations, check.about)
    if len(found) < 2:
        return
    width = max(len(one.name) for one in found)
    for one in found:
        objects = one.drawn or one.components
        yield (
            f'{one.name:{width}}  {one.images:8,} images  '
            f'{percent(one.share):>9} of pixels'
            + (f'  {objects:8,} objects' if objects else '')
        )
    yield ''


def _finding(finding: Finding) -> Iterator[str]:
    tag = f'{finding.severity.name:8}'
    said = textwrap.wrap(finding.problem, _WIDTH - len(tag))
    yield tag + said[0]
    blank = ' ' * len(tag)
    yield from (blank + line for line in said[1:])
    if finding.details:
        shown = finding.details[:_NAMES]
    else:
        shown = (listed(finding.names, _NAMES),) if finding.names else ()
    for text in (*shown, finding.cure and f'-> {finding.cure}'):
        yield from (
            blank + line for line in textwrap.wrap(text, _WIDTH - len(tag))
        )
    if len(finding.details) > _NAMES:
        yield f'{blank}… ({len(finding.details) - _NAMES:,} more)'
    if finding.config:
        yield f'{blank}-> {finding.config}'
    yield ''
