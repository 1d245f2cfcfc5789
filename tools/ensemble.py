"""Merge probability maps of several models, folds or networks.

Usage: tools/ensemble.py MAPS MAPS [MAPS …] --out DIR [--weights W W …]
       [--method mean|geometric|rank|max]
DIR is a folder of maps as tools/test.py --out writes it.
"""

import argparse
from collections.abc import Sequence

from mmseg_medical.apis.command_line import (
    print_table,
    run_tool,
    thresholds_of,
)
from mmseg_medical.apis.ensemble import ensemble
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.postprocessing.merging import METHODS


def main(argv: Sequence[str] | None = None) -> ProbabilityMaps:
    """Merge maps; ``argv`` as on the command line."""
    args = _parse(argv)
    maps = ensemble(
        args.maps,
        args.out,
        weights=args.weights,
        method=args.method,
        mask_thr=thresholds_of(args.mask_thr, '--mask-thr'),
        bits=args.out_bits,
    )
    made = maps.origin['ensemble']
    print_table(
        [
            ['member', 'weight'],
            *([m['name'], f'{m["weight"]:.4g}'] for m in made['members']),
        ]
    )
    print(f'\n{args.out}: {made["method"]} of {len(maps.ids)} maps')
    return maps


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Merge probability maps of several models'
    )
    add = parser.add_argument
    add(
        'maps',
        nargs='+',
        metavar='MAPS',
        help='folders of tools/test.py --out, of the same images',
    )
    add('--out', required=True, metavar='DIR', help='folder to write')
    add('--method', choices=METHODS, default='mean')
    add(
        '--weights',
        type=float,
        nargs='+',
        metavar='W',
        help='weight of each of MAPS; all alike by default',
    )
    add(
        '--mask-thr',
        metavar='T',
        help='threshold of the masks: one number, or  CLASS=T,CLASS=T  or  '
        'T,T  for each class; that of the members by default',
    )
    add(
        '--out-bits',
        type=int,
        choices=[8, 16],
        help='bits of a probability; those of the members by default',
    )
    return parser.parse_args(argv)


if __name__ == '__main__':
    run_tool(main)
