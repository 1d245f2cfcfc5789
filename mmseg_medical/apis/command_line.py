"""What the command-line tools share."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mmengine.config import DictAction

from mmseg_medical.errors import InputError


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``config`` and ``--cfg-options``."""
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='replace keys of the config, as  train_dataloader.batch_size=4  '
        'or  "model.test_cfg.crop_size=(512,512)"',
    )


def add_runner_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing share."""
    add_config_arguments(parser)
    parser.add_argument('--work-dir', help='folder for logs and results')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how processes are started',
    )
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help=argparse.SUPPRESS,
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load checkpoints that hold more than weights, which can run '
        'any code',
    )


def add_fold_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--fold`` and ``--split``."""
    parser.add_argument(
        '--fold',
        type=int,
        metavar='K',
        help='hold fold K out: train on the others, validate and test on it; '
        'results go to fold_K of the work_dir',
    )
    add_split_argument(parser)


def add_split_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--split``."""
    parser.add_argument(
        '--split',
        metavar='FILE',
        help='folds.csv of tools/kfold.py, instead of what the config says',
    )


def run_tool(main: Callable[[Sequence[str] | None], Any]) -> None:
    """Run a tool's ``main``; one line and status 1 for a user's mistake."""
    try:
        main(None)
    except KeyboardInterrupt:
        sys.exit(130)
    except (InputError, OSError) as error:
        if os.environ.get('MMSEG_MEDICAL_TRACEBACK'):
            raise
        # A worker of a data loader puts its traceback into the message.
        text = str(error).strip().split(f'{type(error).__name__}: ')[-1]
        sys.exit(f'error: {text}')
