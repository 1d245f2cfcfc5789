"""What a check prints."""

import textwrap
from collections.abc import Iterator

from mmseg_medical.apis.check_dataset import DatasetCheck
from mmseg_medical.apis.command_line import table_lines
from mmseg_medical.datasets.checks import Finding, Severity
from mmseg_medical.datasets.checks.finding import listed, percent, plural
from mmseg_medical.datasets.checks.statistics import count_classes
from mmseg_medical.visualization.dataset_page import summary

_WIDTH = 79
_INDENT = 8
_SHOWN = 4  # names, and messages


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
    figures = summary(check.observations)
    yield '; '.join(f'{name}: {value}' for name, value in figures.items())
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
    rows = [('class', 'images', 'pixels', 'objects')]
    for one in found:
        count = one.drawn or one.components
        objects = f'{count:,}' if count else ''
        rows.append((one.name, f'{one.images:,}', percent(one.share), objects))
    yield from table_lines(rows)
    yield ''


def _finding(finding: Finding) -> Iterator[str]:
    first = textwrap.wrap(finding.problem, _WIDTH - _INDENT)
    yield f'{finding.severity.name:{_INDENT}}{first[0]}'
    yield from _indented(*first[1:])
    if finding.details:
        yield from _indented(*finding.details[:_SHOWN])
        if (more := len(finding.details) - _SHOWN) > 0:
            yield from _indented(f'… ({more:,} more)')
    elif finding.names:
        yield from _indented(listed(finding.names, _SHOWN))
    if finding.cure:
        yield from _indented(f'-> {finding.cure}')
    for line in finding.lines:
        yield f'{"":{_INDENT}}-> {line}'
    yield ''


def _indented(*texts: str) -> Iterator[str]:
    for text in texts:
        for line in textwrap.wrap(text, _WIDTH - _INDENT):
            yield f'{"":{_INDENT}}{line}'
