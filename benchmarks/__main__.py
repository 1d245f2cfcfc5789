"""Run all benchmarks and write RESULTS.md.

Usage: python -m benchmarks [NAME …]
"""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

# Before numpy and torch are imported.
for variable in ('OMP', 'OPENBLAS', 'MKL', 'NUMEXPR'):
    os.environ[f'{variable}_NUM_THREADS'] = '1'

import cv2
import torch
from mmengine.utils import ProgressBar

import benchmarks
from benchmarks.harness import HEADER, Job, machine, publish, versions

PEERS = Path(__file__).parents[1] / 'requirements'


def main() -> None:
    """Run the suites named on the command line, all by default."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    suites = sys.argv[1:] or [
        module.name.removeprefix('bench_')
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if module.name.startswith('bench_')
    ]
    tables, jobs = [], []
    for suite in suites:
        module = importlib.import_module(f'benchmarks.bench_{suite}')
        found: list[Job] = module.jobs()
        title, text = module.__doc__.strip().split('.\n', 1)
        print(title)
        progress = ProgressBar(len(found))
        for job in found:
            job.run()
            progress.update()
        print()
        jobs += found
        rows = '\n'.join(job.row() for job in found)
        tables.append(f'## {title}\n{text}\n\n{HEADER}\n{rows}\n')
    names = [
        line.split('==')[0]
        for part in ('benchmark.txt', 'benchmark_nodeps.txt')
        for line in (PEERS / part).read_text().split('\n')
        if line and not line.startswith('#')
    ]
    text = (
        '# Benchmarks\n\n'
        'Written by `make benchmark`. Ours and the peers run by turns in one '
        'process; the ratio says how many times the fastest peer needs what '
        f'we need.\n\n- {machine()}\n'
        f'- {versions(["numpy", "opencv-python", "torch", "numba"])}\n'
        f'- peers: {versions(sorted(names))}\n\n' + '\n'.join(tables)
    )
    print(text)
    if len(sys.argv) == 1:
        publish(text)
    missed = [job.name for job in jobs if job.ratio < job.goal]
    print(f'{len(jobs) - len(missed)} of {len(jobs)} goals met; not: {missed}')


if __name__ == '__main__':
    main()
