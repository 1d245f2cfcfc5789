"""Checks of a data set: each takes all observations and yields findings."""

from collections.abc import Callable, Iterator, Sequence

from mmseg_medical.datasets.checks.axes import check_axes
from mmseg_medical.datasets.checks.classes import (
    check_labels,
    check_rare,
    check_shared,
    check_specks,
)
from mmseg_medical.datasets.checks.duplicates import check_duplicates
from mmseg_medical.datasets.checks.emptiness import (
    check_absent,
    check_empty,
    check_full,
)
from mmseg_medical.datasets.checks.finding import About, Finding, Severity
from mmseg_medical.datasets.checks.groups import (
    check_groups,
    check_names,
    check_strata,
)
from mmseg_medical.datasets.checks.intensities import (
    check_blank,
    check_dark,
    check_numbers,
    check_ranges,
)
from mmseg_medical.datasets.checks.observation import Observation
from mmseg_medical.datasets.checks.outlines import check_outlines
from mmseg_medical.datasets.checks.reading import SampleReader
from mmseg_medical.datasets.checks.runs import check_dialect, check_runs
from mmseg_medical.datasets.checks.sizes import (
    check_channels,
    check_mask_sizes,
    check_table_sizes,
    check_types,
    check_varying,
)
from mmseg_medical.datasets.checks.unreadable import (
    check_unlabelled,
    check_unreadable,
)
from mmseg_medical.datasets.checks.values import (
    check_foreground_255,
    check_ignored,
    check_shades,
    check_values,
)

Check = Callable[[Sequence[Observation], About], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_unreadable,
    check_unlabelled,
    check_table_sizes,
    check_mask_sizes,
    check_channels,
    check_types,
    check_varying,
    check_dialect,
    check_runs,
    check_axes,
    check_outlines,
    check_foreground_255,
    check_shades,
    check_values,
    check_ignored,
    check_labels,
    check_empty,
    check_full,
    check_absent,
    check_duplicates,
    check_groups,
    check_names,
    check_strata,
    check_numbers,
    check_blank,
    check_dark,
    check_ranges,
    check_rare,
    check_shared,
    check_specks,
)


def run_checks(
    observations: Sequence[Observation], about: About
) -> list[Finding]:
    """Apply all checks; the gravest findings first."""
    found = [f for check in CHECKS for f in check(observations, about)]
    return sorted(found, key=lambda finding: -finding.severity)


__all__ = [
    'CHECKS',
    'About',
    'Check',
    'Finding',
    'Observation',
    'SampleReader',
    'Severity',
    'run_checks',
]
