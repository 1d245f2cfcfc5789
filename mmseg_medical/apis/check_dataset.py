"""Look at every sample of a config or a folder, and say what is wrong."""

import dataclasses
import os
from typing import Any

from mmseg_medical.apis._observing import observe
from mmseg_medical.apis.dataset_facts import (
    about,
    check_shades,
    check_unused,
)
from mmseg_medical.apis.dataset_parts import (
    Part,
    build_parts,
    config_parts,
    folder_parts,
)
from mmseg_medical.datasets.checks import (
    About,
    Finding,
    Observation,
    SampleReader,
    Severity,
    run_checks,
)
from mmseg_medical.datasets.layouts import Layout, recognise
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress

_FEW = 64  # samples that are read before processes have started


@dataclasses.dataclass(frozen=True)
class DatasetCheck:
    """What came of looking at a data set.

    Attributes:
        source: Config or folder.
        layouts: What a folder was recognised as, the one that was read
            first; none for a config.
        about: What the data set says of its samples.
        parts: Data sets that were read.
        observations: One for each sample, in the order of the parts.
        findings: The gravest first.
    """

    source: str
    layouts: tuple[Layout, ...]
    about: About
    parts: tuple[Part, ...]
    observations: tuple[Observation, ...]
    findings: tuple[Finding, ...]

    def sample(self, index: int) -> tuple[Part, dict[str, Any]]:
        """Sample that an observation is of, and the part that it is in."""
        for part in self.parts:
            if index < len(part.dataset):
                return part, part.dataset.get_data_info(index)
            index -= len(part.dataset)
        raise IndexError(index)

    def count(self, severity: Severity) -> int:
        """Number of findings of a severity."""
        return sum(one.severity == severity for one in self.findings)

    def wrong(self, *, strict: bool = False) -> bool:
        """Whether there are errors, or with ``strict`` warnings."""
        least = Severity.WARNING if strict else Severity.ERROR
        return any(one.severity >= least for one in self.findings)


def check_dataset(
    source: str,
    *,
    layout: str | None = None,
    options: dict[str, Any] | None = None,
    fold: int | None = None,
    split: str | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> DatasetCheck:
    """Read every sample once, and apply all checks.

    Args:
        source: Config file, or folder of a data set.
        layout: Name of the layout to read a folder as; by default the most
            particular one that fits.
        options: Keys of a config to replace.
        fold: Fold of a config to hold out.
        split: Table of folds of a config.
        workers: Number of processes; by default as many as processors, 8 at
            most. Each holds one image at a time.
        progress: Show a progress bar on stderr.

    Raises:
        FileNotFoundError: If there is no such config or folder.
        LayoutError: If no data set was recognised in a folder.
        InputError: If it fits no such layout.
    """
    layouts: list[Layout] = []
    if os.path.isdir(source):
        layouts = _chosen(source, layout)
        configs = folder_parts(layouts[0])
    else:
        configs = config_parts(source, options=options, fold=fold, split=split)
    parts, findings = build_parts(configs)
    facts = about(parts, layouts[0] if layouts else None)
    readers = [
        SampleReader(
            part.transforms,
            part=part.name,
            ignore_index=facts.ignore_index,
        )
        for part in parts
    ]
    tasks = (
        (k, one) for k, part in enumerate(parts) for one in part.samples()
    )
    count = sum(len(part.dataset) for part in parts)
    if workers is None:
        workers = min(os.cpu_count() or 1, 8)
    if count <= _FEW:
        workers = 0
    found = observe(tasks, readers, workers=workers)
    if progress:
        with Progress(count) as shown:
            observations = list(shown.over(found))
    else:
        observations = list(found)
    findings += run_checks(observations, facts)
    if layouts:
        findings += check_shades(layouts[0])
        findings += check_unused(source, layouts[0], parts)
    return DatasetCheck(
        source=str(source),
        layouts=tuple(layouts),
        about=facts,
        parts=tuple(parts),
        observations=tuple(observations),
        findings=tuple(sorted(findings, key=lambda one: -one.severity)),
    )


def _chosen(folder: str, name: str | None) -> list[Layout]:
    """Layouts that fit a folder, the chosen one first."""
    found = recognise(folder)
    if name is None:
        return found
    chosen = [one for one in found if one.name == name]
    if not chosen:
        fitting = sorted({one.name for one in found})
        raise InputError(
            f'{folder} fits no layout {name!r}, but {", ".join(fitting)}'
        )
    return [*chosen, *(one for one in found if one.name != name)]
