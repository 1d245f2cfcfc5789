"""Score the instances of a file, as a submission, against the true ones.

Usage: tools/score_instances.py TRUE PRED [--pred-options ids=FILE] …
"""

import argparse
from collections.abc import Sequence

from mmseg_medical.apis.command_line import (
    options_of,
    print_table,
    run_tool,
)
from mmseg_medical.apis.score_instances import Source, score_instances
from mmseg_medical.progress import Progress


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Score a file; ``argv`` as on the command line. Returns the scores."""
    parser = argparse.ArgumentParser(
        description='Score the instances of a file against the true ones'
    )
    for side, text in (('true', 'true instances'), ('pred', 'found ones')):
        parser.add_argument(
            side, metavar=side.upper(), help=f'file or folder of {text}'
        )
        parser.add_argument(
            f'--{side}-format',
            metavar='FORMAT',
            help='one of tools/convert.py; recognised where possible',
        )
        parser.add_argument(
            f'--{side}-options',
            nargs='+',
            default=[],
            metavar='KEY=VALUE',
            help='arguments of the format, as  ids=test_img_ids.json',
        )
    parser.add_argument(
        '--types', nargs='+', default=[], help='labels to score each as well'
    )
    parser.add_argument(
        '--max-dets',
        type=int,
        default=100,
        metavar='N',
        help='detections of an image that count for ap50_maxN',
    )
    parser.add_argument(
        '--distance',
        type=float,
        default=12,
        help='of two centres in pixels, for F1',
    )
    parser.add_argument(
        '--out', metavar='FILE', help='CSV with the scores of each image'
    )
    args = parser.parse_args(argv)
    true, pred = (
        Source(path, name, options_of(options))
        for path, name, options in (
            (args.true, args.true_format, args.true_options),
            (args.pred, args.pred_format, args.pred_options),
        )
    )
    with Progress() as progress:
        scores = score_instances(
            true,
            pred,
            types=args.types,
            progress=progress.step,
            max_dets=args.max_dets,
            distance=args.distance,
            csv_file=args.out,
        )
    print_table([(name, f'{value:.4f}') for name, value in scores.items()])
    return scores


if __name__ == '__main__':
    run_tool(main)
