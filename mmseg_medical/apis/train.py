"""Train a model from a config."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import barrier, init_dist, is_distributed, is_main_process
from mmengine.logging import print_log
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmseg_medical._files import locked
from mmseg_medical.apis.config import drop_pretrained
from mmseg_medical.engine.checkpoint import latest_checkpoint, use_safe_loading
from mmseg_medical.errors import InputError


def train(
    cfg: Config,
    *,
    resume: bool = False,
    amp: bool = False,
    pretrained: bool = True,
    trust_checkpoint: bool = False,
) -> Runner:
    """Train a model.

    Args:
        cfg: Config with ``work_dir`` and ``launcher``; it is changed.
        resume: Go on from the latest checkpoint in ``work_dir``, or start
            where there is none.
        amp: Train in mixed precision.
        pretrained: False starts from random weights whatever the config
            names, so that nothing is downloaded.
        trust_checkpoint: Load checkpoints that hold more than weights.

    Returns:
        The runner, after training.

    Raises:
        InputError: If the config has stages, something in it or the data does
            not fit, another run writes to ``work_dir``, or the GPU's memory
            is used up.
    """
    if cfg.get('stages'):
        raise InputError(
            'the config has stages, and train() makes one training; call '
            'train_stages(), or take one of them by stage_config()'
        )
    use_safe_loading(trust=trust_checkpoint)
    if not pretrained:
        removed = drop_pretrained(cfg.model)
        if cfg.get('load_from'):
            removed.append(cfg.load_from)
            cfg.load_from = None
        print_log(
            f'training from random weights, without {", ".join(removed)}'
            if removed
            else 'the config names no pretrained weights',
            logger='current',
        )
    if amp:
        _use_amp(cfg)
    if resume:
        latest = latest_checkpoint(cfg.work_dir)
        if latest is not None:
            cfg.resume, cfg.load_from = True, latest
        else:
            cfg.resume = False
            print_log(
                f'no checkpoint in {cfg.work_dir}: training from the start',
                logger='current',
            )
    build: Any = RUNNERS.build if 'runner_type' in cfg else Runner.from_cfg
    with alone(cfg):
        runner: Runner = build(cfg)
        try:
            runner.train()
        except torch.OutOfMemoryError:
            raise InputError(_out_of_memory(runner)) from None
    return runner


@contextlib.contextmanager
def alone(cfg: Config) -> Iterator[None]:
    """Keep other runs out of the ``work_dir`` of a config.

    Raises:
        InputError: If there is one.
    """
    start_processes(cfg)
    with contextlib.ExitStack() as stack:
        if is_main_process():
            stack.enter_context(locked(cfg.work_dir))
        barrier()
        yield


def start_processes(cfg: Config) -> None:
    """Start the group of processes of a launcher, if that is to do."""
    if cfg.launcher != 'none' and not is_distributed():
        init_dist(cfg.launcher, **cfg.get('env_cfg', {}).get('dist_cfg', {}))


def _out_of_memory(runner: Runner) -> str:
    cfg = runner.cfg
    wrapper = cfg.optim_wrapper
    precision = wrapper.get('precision', wrapper.get('dtype', 'fp32'))
    sizes = [
        f'{step["type"]} {key}={tuple(step[key])}'
        for step in cfg.train_dataloader.dataset.get('pipeline', [])
        for key in ('crop_size', 'scale')
        if key in step
    ]
    return (
        f'the memory of the GPU is used up at iteration {runner.iter}; lower '
        f'train_dataloader.batch_size (now {cfg.train_dataloader.batch_size}; '
        'optim_wrapper.accumulative_counts makes up for it), the size of the '
        f'images (now {", ".join(sizes) or "as they are"}), or the precision '
        f'(now {precision}; --precision bf16)'
    )


def _use_amp(cfg: Config) -> None:
    if not torch.cuda.is_available():
        raise InputError('--amp needs a GPU, and none is found')
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise InputError(
            f'--amp replaces OptimWrapper, the config has {kind}; set mixed '
            'precision in its optim_wrapper'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
