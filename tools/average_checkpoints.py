"""Average checkpoints of one training, or of several with one network.

Usage: tools/average_checkpoints.py CKPT CKPT … --out FILE [--config CONFIG …]
With the config, batch norms are estimated anew on training batches.
"""

import argparse
from collections.abc import Sequence

from mmengine.config import DictAction

from mmseg_medical.apis.average import average
from mmseg_medical.apis.command_line import add_fold_arguments, run_tool
from mmseg_medical.apis.config import read_config


def main(argv: Sequence[str] | None = None) -> None:
    """Average checkpoints; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(description='Average checkpoints')
    parser.add_argument('checkpoints', nargs='+', metavar='CKPT')
    parser.add_argument(
        '--out', required=True, metavar='FILE', help='checkpoint to write'
    )
    parser.add_argument(
        '--config',
        help='config of the training, for batch norms: their statistics are '
        'estimated on training batches',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE'
    )
    add_fold_arguments(parser)
    parser.add_argument(
        '--num-batches', type=int, default=50, help='how many of these batches'
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load checkpoints that hold more than weights, which can run '
        'any code',
    )
    args = parser.parse_args(argv)
    cfg = None
    if args.config:
        cfg = read_config(
            args.config,
            options=args.cfg_options,
            fold=args.fold,
            split=args.split,
        )
    left = average(
        args.checkpoints,
        args.out,
        cfg=cfg,
        num_batches=args.num_batches,
        trust_checkpoint=args.trust_checkpoint,
    )
    if left:
        print(
            f'{len(left)} batch norms have the mean of the statistics of the '
            'checkpoints, which do not fit the mean of the weights; --config '
            'CONFIG estimates them on training batches'
        )
    print(f'{args.out}: average of {len(args.checkpoints)} checkpoints')


if __name__ == '__main__':
    run_tool(main)
