"""Folds as separate jobs."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mmseg_medical.apis.folds import fold_dir
from mmseg_medical.errors import InputError


def without(argv: Sequence[str], options: Sequence[str]) -> list[str]:
    """Arguments without some options and their values.

    Args:
        argv: Arguments, as ``--jobs slurm`` or ``--jobs=slurm``.
        options: Names of options that have one value.
    """
    kept: list[str] = []
    rest = iter(argv)
    for argument in rest:
        if argument in options:
            next(rest, None)
        elif argument.split('=')[0] not in options:
            kept.append(argument)
    return kept


def run_slurm(
    script: Path,
    partition: str,
    arguments: Sequence[str],
    *,
    folds: Sequence[int],
    work_dir: str,
) -> None:
    """Start a Slurm job for each fold, and wait for all of them.

    Args:
        script: ``slurm_train.sh``; it reads GPUS, GPUS_PER_NODE,
            CPUS_PER_TASK and SRUN_ARGS.
        partition: Partition of the cluster.
        arguments: Config first, then those of ``train_folds.py``.
        folds: Folds to start.
        work_dir: Folder of ``fold_0``, ``fold_1`` …, each of which gets
            ``slurm.log``.

    Raises:
        InputError: If a job ends with an error; the message names the logs.
    """
    jobs = {}
    try:
        for fold in folds:
            log = Path(fold_dir(work_dir, fold), 'slurm.log')
            log.parent.mkdir(parents=True, exist_ok=True)
            name = f'{Path(arguments[0]).stem}_fold_{fold}'
            with log.open('a') as file:
                jobs[log] = subprocess.Popen(
                    [
                        *(str(script), partition, name, *arguments),
                        *('--folds', str(fold)),
                    ],
                    env={**os.environ, 'TOOL': 'train_folds.py'},
                    stdout=file,
                    stderr=file,
                )
            print(f'fold {fold} is started; its output is in {log}')
        failed = [str(log) for log, job in jobs.items() if job.wait()]
    except BaseException:
        for job in jobs.values():
            job.terminate()  # srun ends its job
        raise
    if failed:
        raise InputError(
            f'{len(failed)} of {len(jobs)} jobs failed; see '
            f'{", ".join(failed)}. The same command goes on with what is '
            'not done'
        )
