"""Write a submission.

Usage: tools/submission.py OWNER DIR [--out FILE] [--postprocess FILE]
"""

import argparse
from collections.abc import Sequence

from mmseg_medical.apis.command_line import run_tool
from mmseg_medical.apis.submission import FORMATS, write_submission


def main(argv: Sequence[str] | None = None) -> None:
    """Write a submission; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(
        description='Write the submission file of a competition'
    )
    parser.add_argument('owner', choices=sorted(FORMATS))
    parser.add_argument(
        'folder', help='probability maps of tools/test.py --out'
    )
    parser.add_argument('--out', default='submission.csv', metavar='FILE')
    parser.add_argument(
        '--mask-thr',
        type=float,
        help='probability above which a pixel belongs to the mask; the '
        "model's own by default",
    )
    parser.add_argument(
        '--postprocess',
        metavar='FILE',
        help='postprocess.json of tools/search_postprocess.py, which makes '
        'the masks',
    )
    args = parser.parse_args(argv)
    count = write_submission(
        args.owner,
        args.folder,
        args.out,
        mask_thr=args.mask_thr,
        postprocess=args.postprocess,
    )
    print(f'\n{args.out}: {count} rows')


if __name__ == '__main__':
    run_tool(main)
