"""What the command-line tools share."""

import argparse
import ast
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch.distributed
from mmengine.config import DictAction

from mmseg_medical.converters.confidence import Thresholds
from mmseg_medical.engine.mixed_precision import PRECISIONS
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


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--amp``, ``--no-pretrained`` and those of :func:`speed_of`."""
    parser.add_argument(
        '--amp',
        action='store_true',
        help="train in mixed precision by OpenMMLab's wrapper, on a GPU",
    )
    parser.add_argument(
        '--no-pretrained',
        action='store_true',
        help='start from random weights; nothing is downloaded',
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        help='of the network in training; where the machine has no such one, '
        'the next that it has',
    )
    parser.add_argument(
        '--channels-last',
        action='store_true',
        help='keep maps as (N, H, W, C) in memory',
    )
    parser.add_argument(
        '--compile',
        action='store_true',
        help='compile the network, where there is a compiler',
    )
    parser.add_argument(
        '--sync-bn',
        action='store_true',
        help='batch norm over all processes, where that helps',
    )


def speed_of(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of :func:`mmseg_medical.apis.speed.speed_up`."""
    return dict(
        precision=args.precision,
        channels_last=args.channels_last,
        compile_parts=args.compile,
        sync_bn=args.sync_bn,
    )


def add_test_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--tta``, ``--out`` and ``--out-bits``."""
    parser.add_argument(
        '--tta', action='store_true', help='merge views of each image'
    )
    parser.add_argument(
        '--out', metavar='DIR', help='folder for probability maps'
    )
    parser.add_argument(
        '--out-bits',
        type=int,
        choices=[8, 16],
        default=8,
        help='bits of a probability in --out',
    )


def thresholds_of(text: str | None, option: str) -> Thresholds | None:
    """Thresholds as given on a command line; None where none are.

    Args:
        text: One number, ``'0.4,0.6'`` for each class in their order, or
            ``'lung=0.4,liver=0.6'``.
        option: Name of the option, for the message.

    Raises:
        InputError: If they are no numbers.
    """
    if text is None:
        return None
    parts = [part.rpartition('=') for part in text.split(',')]
    try:
        numbers = [float(number) for _, _, number in parts]
    except ValueError:
        raise InputError(
            f'{option} is {text!r}, expected numbers as 0.5, 0.4,0.6 or '
            'lung=0.4,liver=0.6'
        ) from None
    names = [name for name, _, _ in parts]
    if not any(names):
        return numbers
    return dict(zip(names, numbers, strict=True))


def options_of(pairs: Sequence[str]) -> dict[str, Any]:
    """Arguments given as KEY=VALUE, values in Python where they are.

    Raises:
        InputError: If one has no ``=``.
    """
    options: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition('=')
        if not equals:
            raise InputError(f'{pair!r} is not KEY=VALUE')
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key] = value
    return options


def table_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of rows of equal length, the first column to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for label, *cells in rows:
        numbers = zip(cells, widths[1:], strict=True)
        line = '  '.join(cell.rjust(width) for cell, width in numbers)
        yield f'{label:{widths[0]}}  {line}'.rstrip()


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of equal length, the first column to the left."""
    print(*table_lines(rows), sep='\n')


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
    finally:
        # A group that still runs at the exit may abort the process.
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
