"""Trainings one after another, each from the weights of the one before."""

import gc
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log

from mmseg_medical.apis.config import drop_pretrained
from mmseg_medical.apis.stage_config import stage_config
from mmseg_medical.apis.train import alone
from mmseg_medical.apis.trained import Trained, train_once
from mmseg_medical.converters.table import write_table
from mmseg_medical.engine.checkpoint import latest_checkpoint
from mmseg_medical.errors import InputError

TABLE = 'stages.csv'


def train_stages(
    cfg: Config, *, resume: bool = False, **how: Any
) -> dict[str, Trained]:
    """Train the stages of a config in their order.

    Each works in a folder of its own, ``stage_<number>_<name>`` of
    ``work_dir``, and starts from the best checkpoint of the one before, unless
    its ``load_from`` is ``'last'``, a file, or None for the weights that the
    config names. ``work_dir/stages.csv`` has a row for each that is done.

    Args:
        cfg: Config with ``stages``, ``work_dir`` and ``launcher``.
        resume: Leave stages that are done as they are, and go on in the one
            that is not; False trains all of them anew.
        how: Further arguments of :func:`train_once`; ``pretrained`` is that
            of stages that start from no other.

    Returns:
        What each stage has left, by the name of its folder.

    Raises:
        InputError: If a stage is not as :func:`stage_config` takes it, or as
            :func:`train_once`.

    Example:
        >>> stages = [
        ...     dict(name='coarse', scale=(512, 512), batch_size=8),
        ...     dict(name='fine', lr=1e-5, positives=(0.8, 0.4)),
        ...     dict(name='positives', positives=1.0, load_from='last'),
        ... ]
    """
    configs = [stage_config(cfg, k) for k in range(len(cfg.stages))]
    done: dict[str, Trained] = {}
    with alone(cfg):
        for stage, config in zip(cfg.stages, configs, strict=True):
            options = dict(how)
            start = stage.get('load_from', 'best' if done else None)
            if start in ('best', 'last'):
                start = _weights(start, list(done.values()))
            if start:
                drop_pretrained(config.model)  # they would be overwritten
                config.load_from = start
                options['pretrained'] = True
            name = Path(config.work_dir).name
            print_log(
                f'{name}: stage {len(done) + 1} of {len(configs)}',
                logger='current',
            )
            run = f'{Path(cfg.filename).stem}_{Path(cfg.work_dir).name}'
            config.experiment_name = f'{run}_{name}'
            done[name] = train_once(config, resume=resume, **options)
            gc.collect()  # a runner holds itself, and memory of the GPU
            torch.cuda.empty_cache()
            if is_main_process():
                header, *lines = table_of(done)
                write_table(Path(cfg.work_dir, TABLE), header, lines)
    return done


def _weights(which: str, done: list[Trained]) -> str:
    """Checkpoint of the stage before."""
    if not done:
        raise InputError(
            f'stages[0].load_from is {which!r}, and there is no stage before; '
            'name a file, or remove it'
        )
    best = done[-1].checkpoint
    last = latest_checkpoint(Path(best).parent)
    return last if which == 'last' and last else best


def table_of(done: dict[str, Trained]) -> list[list[str]]:
    """Table of stages by their names, the header first."""
    scores = list(
        dict.fromkeys(k for one in done.values() for k in one.scores)
    )
    found = [['stage', 'iterations', *scores, 'seconds', 'checkpoint']]
    for name, one in done.items():
        values = [one.scores.get(key) for key in scores]
        cells = ['' if value is None else f'{value:.4f}' for value in values]
        file = Path(one.checkpoint).name
        found.append(
            [name, str(one.iterations), *cells, f'{one.seconds:.0f}', file]
        )
    return found
