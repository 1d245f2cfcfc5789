"""Make folds of a data set: even in strata, with groups on one side.

Usage: tools/kfold.py CONFIG [--num-folds 5] [--group KEY]
       [--stratify KEY,KEY] [--seed 0] [--out DIR]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmseg_medical  # noqa: F401
from mmseg_medical.apis.command_line import (
    add_config_arguments,
    print_table,
    run_tool,
)
from mmseg_medical.apis.folds import dataset_configs
from mmseg_medical.apis.kfold import make_fold_table
from mmseg_medical.datasets.areas import OF_MASKS
from mmseg_medical.errors import InputError


def main(argv: Sequence[str] | None = None) -> None:
    """Write folds.csv; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(
        description='Make folds of all samples of the training data'
    )
    add_config_arguments(parser)
    parser.add_argument('--num-folds', type=int, default=5, metavar='N')
    parser.add_argument(
        '--group',
        metavar='KEY',
        help='what stays on one side, as case; none for nothing; default: '
        "the data set's own",
    )
    parser.add_argument(
        '--stratify',
        metavar='KEY,KEY',
        help='what is spread evenly, as organ,data_source; of the masks: '
        f'{", ".join(OF_MASKS)}; none for nothing; default: the data '
        "set's own",
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--area-bins',
        type=int,
        default=4,
        metavar='N',
        help='quantiles of --stratify area',
    )
    parser.add_argument(
        '--out', type=Path, metavar='DIR', help='default: splits/<config>'
    )
    args = parser.parse_args(argv)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    configs = list(dataset_configs(cfg.train_dataloader))
    if len(configs) != 1:
        raise InputError(
            f'{args.config} trains on {len(configs)} data sets of this '
            'package; folds are of one'
        )
    table = make_fold_table(
        configs[0],
        num_folds=args.num_folds,
        group='' if args.group == 'none' else args.group,
        stratify=_keys(args.stratify),
        seed=args.seed,
        bins=args.area_bins,
    )
    print_table(table.rows())
    path = (args.out or Path('splits', Path(args.config).stem)) / 'folds.csv'
    table.write(path)
    print(
        f'\n{path}, and how it was made in folds.json beside it; train with  '
        f'tools/train.py {args.config} --split {path} --fold 0'
    )


def _keys(text: str | None) -> list[str] | None:
    if text is None:
        return None
    return [] if text == 'none' else text.split(',')


if __name__ == '__main__':
    run_tool(main)
