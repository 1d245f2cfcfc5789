"""Test a model.

Usage: tools/test.py CONFIG CHECKPOINT [--fold K] [--tta] [--out DIR] …
"""

import argparse
from collections.abc import Sequence

from mmseg_medical.apis import load_config, test
from mmseg_medical.apis.command_line import (
    add_fold_arguments,
    add_runner_arguments,
    add_test_arguments,
    run_tool,
)


def main(argv: Sequence[str] | None = None) -> dict[str, float]:
    """Test a model; ``argv`` as on the command line. Returns the scores."""
    parser = argparse.ArgumentParser(description='Test a model')
    add_runner_arguments(parser)
    add_fold_arguments(parser)
    parser.add_argument(
        'checkpoint',
        help='file or address of the weights; "none" for an ensemble, which '
        'names its own',
    )
    add_test_arguments(parser)
    parser.add_argument(
        '--postprocess',
        metavar='FILE',
        help='postprocess.json of tools/search_postprocess.py, which makes '
        'the masks',
    )
    parser.add_argument(
        '--instances',
        metavar='DIR',
        help='folder for the instances of each image, one OME-TIFF each; '
        'tools/convert.py makes other formats of them',
    )
    parser.add_argument(
        '--show', action='store_true', help='show each prediction'
    )
    parser.add_argument(
        '--show-dir',
        metavar='DIR',
        help='folder for pictures; a relative one lies in work_dir/<time>',
    )
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds to show each picture for',
    )
    args = parser.parse_args(argv)
    cfg = load_config(
        args.config,
        options=args.cfg_options,
        work_dir=args.work_dir,
        launcher=args.launcher,
        fold=args.fold,
        split=args.split,
    )
    return test(
        cfg,
        None if args.checkpoint == 'none' else args.checkpoint,
        tta=args.tta,
        out=args.out,
        out_bits=args.out_bits,
        instances=args.instances,
        postprocess=args.postprocess,
        show=args.show,
        show_dir=args.show_dir,
        wait_time=args.wait_time,
        trust_checkpoint=args.trust_checkpoint,
    )


if __name__ == '__main__':
    run_tool(main)
