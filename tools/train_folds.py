"""Train and test all folds of a config, and put their scores together.

Usage: tools/train_folds.py CONFIG [--folds 0,1] [--tta] [--out DIR] …
       TOOL=train_folds.py tools/dist_train.sh CONFIG GPUS …
The same command again goes on where it was stopped.
"""

import argparse
import functools
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.logging import print_log

from mmseg_medical.apis import load_config
from mmseg_medical.apis.command_line import (
    add_runner_arguments,
    add_split_argument,
    add_test_arguments,
    add_training_arguments,
    print_table,
    run_tool,
    speed_of,
)
from mmseg_medical.apis.fold_scores import FoldScores, collect
from mmseg_medical.apis.folds import validation_data
from mmseg_medical.apis.jobs import run_slurm, without
from mmseg_medical.apis.train_folds import FoldRun
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.errors import InputError

TOOLS = Path(__file__).parent


def main(argv: Sequence[str] | None = None) -> FoldScores | None:
    """Train all folds; ``argv`` as on the command line."""
    argv = sys.argv[1:] if argv is None else argv
    args = _parse(argv)
    load = functools.partial(
        load_config,
        args.config,
        options=args.cfg_options,
        work_dir=args.work_dir,
        launcher=args.launcher,
        speed=speed_of(args),
    )
    cfg = load()
    there = validation_data(cfg, split=args.split).fold_numbers()
    folds = _chosen(args.folds, there)
    options = without(argv, ('--jobs', '--partition', '--folds', '--launcher'))
    options.remove(args.config)
    if args.jobs == 'print':
        command = ['python', str(TOOLS / 'train_folds.py'), args.config]
        for more in (*(['--folds', str(k)] for k in folds), ['--collect']):
            print(shlex.join([*command, *options, *more]))
        return None
    if args.jobs == 'slurm':
        run_slurm(
            TOOLS / 'slurm_train.sh',
            args.partition,
            [args.config, *options],
            folds=folds,
            work_dir=cfg.work_dir,
        )
    elif not args.collect:
        run = FoldRun(
            load=lambda fold: load(fold=fold, split=args.split),
            amp=args.amp,
            pretrained=not args.no_pretrained,
            tta=args.tta,
            out=args.out,
            out_bits=args.out_bits,
            trust_checkpoint=args.trust_checkpoint,
        )
        for k, fold in enumerate(folds, 1):
            print_log(f'fold {fold}: {k} of {len(folds)}', logger='current')
            run.run(fold)
    if not is_main_process():
        return None
    scores = collect(
        load(fold=folds[0], split=args.split), cfg.work_dir, there
    )
    print_table(scores.rows())
    path = Path(cfg.work_dir, 'scores.csv')
    scores.write(path)
    print(f'\n{len(scores.by_fold)} of {len(there)} folds are in {path}')
    if args.out:
        _join(args.out, [f'fold_{k}' for k in there])
    return scores


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Train and test all folds', allow_abbrev=False
    )
    add_runner_arguments(parser)
    add_split_argument(parser)
    add_training_arguments(parser)
    add_test_arguments(parser)
    parser.add_argument(
        '--folds', metavar='K,K', help='folds to train; all by default'
    )
    parser.add_argument(
        '--jobs',
        choices=['local', 'print', 'slurm'],
        default='local',
        help='train one fold after another here, print a command for each, '
        'or start a Slurm job for each and wait',
    )
    parser.add_argument('--partition', help='of the cluster, for Slurm')
    parser.add_argument(
        '--collect',
        action='store_true',
        help='train nothing; put together what is tested',
    )
    args = parser.parse_args(argv)
    if args.jobs == 'slurm' and not args.partition:
        raise InputError('--jobs slurm needs --partition')
    return args


def _chosen(text: str | None, there: list[int]) -> list[int]:
    try:
        folds = there if text is None else [int(k) for k in text.split(',')]
    except ValueError:
        raise InputError(f'--folds are numbers as 0,1, got {text!r}') from None
    if unknown := sorted(set(folds) - set(there)):
        raise InputError(f'there is no fold {unknown[0]}: they are {there}')
    return folds


def _join(out: str, parts: list[str]) -> None:
    whole = [ProbabilityMaps.is_complete(Path(out, part)) for part in parts]
    if all(whole):
        maps = ProbabilityMaps.join(out, parts)
        print(f'{out}: maps of {len(maps.ids)} images, out of fold')
    else:
        print(f'{out}: maps of {sum(whole)} folds, not joined yet')


if __name__ == '__main__':
    run_tool(main)
