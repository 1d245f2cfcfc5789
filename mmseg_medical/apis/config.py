"""From a command line to a config that a runner can take."""

import os
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from mmengine.config import Config

from mmseg_medical.apis.folds import fold_dir, set_fold
from mmseg_medical.apis.speed import speed_up
from mmseg_medical.errors import InputError


def read_config(
    path: str,
    *,
    options: dict[str, Any] | None = None,
    fold: int | None = None,
    split: str | None = None,
) -> Config:
    """Read a config to look at, without a folder for results.

    Args:
        path: Config file.
        options: Keys to replace, as ``--cfg-options`` gives them.
        fold: Fold to hold out.
        split: Table of folds to use instead of the config's ``split``.

    Raises:
        FileNotFoundError: If there is no such config.
        InputError: If the data sets have no such fold.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f'config {path} does not exist')
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(options or {})
    if split is not None and fold is None:
        raise InputError('--split chooses the folds of --fold; give both')
    if fold is not None:
        set_fold(cfg, fold, split=split)
    return cfg


def load_config(
    path: str,
    *,
    options: dict[str, Any] | None = None,
    work_dir: str | None = None,
    launcher: str = 'none',
    fold: int | None = None,
    split: str | None = None,
    speed: dict[str, Any] | None = None,
) -> Config:
    """Read a config as OpenMMLab's tools do.

    Args:
        path: Config file.
        options: Keys to replace, as ``--cfg-options`` gives them.
        work_dir: Folder for logs and checkpoints; else the config's
            ``work_dir``, else ``work_dirs/<name of the config>``.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        fold: Fold to hold out; its results lie in ``fold_<number>`` of the
            folder above.
        split: Table of folds to use instead of the config's ``split``.
        speed: Arguments of :func:`mmseg_medical.apis.speed.speed_up`.

    Raises:
        FileNotFoundError: If there is no such config.
        InputError: If the work_dir cannot be written, or the data sets have
            no folds.
    """
    cfg = read_config(path, options=options, fold=fold, split=split)
    if speed:
        speed_up(cfg, **speed)
    cfg.launcher = launcher
    cfg.work_dir = (
        work_dir or cfg.get('work_dir') or f'work_dirs/{Path(path).stem}'
    )
    if fold is not None:
        cfg.work_dir = fold_dir(cfg.work_dir, fold)
    # mmengine tells the runs of a process apart by name and second.
    name = f'{Path(path).stem}_{Path(cfg.work_dir).name}'
    cfg.experiment_name = cfg.get('experiment_name') or name
    _check_writable(cfg.work_dir)
    if launcher == 'pytorch' and not torch.cuda.is_available():
        _prepare_cpu_processes(cfg)
    return cfg


def _check_writable(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f'work_dir {folder!r} cannot be written ({error.strerror}); '
            'choose another with --work-dir'
        ) from None


def _prepare_cpu_processes(cfg: Config) -> None:
    """Start gloo and wrap the model for the CPU.

    mmengine asks for a GPU before it starts the group and gives the wrapper
    the number of one; with a group that runs already, it does neither.
    """
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def drop_pretrained(cfg: Any) -> list[str]:
    """Remove pretrained weights from a model config, at any depth.

    Args:
        cfg: Config of a model; changed in place.

    Returns:
        The weights that were removed, as file names, addresses or
        ``key=value``.
    """
    removed = []
    if isinstance(cfg, dict):
        if cfg.get('type') in ('TIMMBackbone', 'mmseg.TIMMBackbone'):
            cfg.setdefault('pretrained', True)  # MMSegmentation's default
        init = cfg.get('init_cfg')
        listed = init if isinstance(init, (list, tuple)) else [init]
        loaded = [c for c in listed if c and c.get('type') == 'Pretrained']
        if loaded:
            removed += [str(c.get('checkpoint')) for c in loaded]
            cfg['init_cfg'] = [c for c in listed if c not in loaded] or None
        for key in ('pretrained', 'encoder_weights'):
            if value := cfg.get(key):
                removed.append(f'{key}={value}')
                cfg[key] = False if value is True else None
    for child in cfg.values() if isinstance(cfg, dict) else cfg:
        if isinstance(child, (dict, list, tuple)):
            removed += drop_pretrained(child)
    return removed
