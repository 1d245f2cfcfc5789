"""Look at every sample of a data set before training on it.

Usage: tools/check_dataset.py CONFIG_OR_FOLDER [--report DIR] [--strict] …
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import DictAction

from mmseg_medical.apis.check_dataset import check_dataset
from mmseg_medical.apis.check_page import write_check_page
from mmseg_medical.apis.check_text import check_text
from mmseg_medical.apis.command_line import add_fold_arguments, run_tool
from mmseg_medical.apis.starter_config import starter_config


def main(argv: Sequence[str] | None = None) -> int:
    """Check a data set; ``argv`` as on the command line. Gives the status."""
    parser = argparse.ArgumentParser(
        description='Read every sample once, say what is wrong and how to '
        'mend it; status 1 where something is wrong'
    )
    parser.add_argument('source', help='config file, or folder of a data set')
    parser.add_argument(
        '--report', type=Path, metavar='DIR', help='write DIR/index.html'
    )
    parser.add_argument(
        '--strict', action='store_true', help='warnings are wrong as well'
    )
    parser.add_argument(
        '--layout', help='what a folder is, where it fits several'
    )
    parser.add_argument(
        '--workers',
        type=int,
        metavar='N',
        help='processes that read; by default as many as processors, 8 at '
        'most',
    )
    add_fold_arguments(parser)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='replace keys of the config',
    )
    args = parser.parse_args(argv)
    check = check_dataset(
        args.source,
        layout=args.layout,
        options=args.cfg_options,
        fold=args.fold,
        split=args.split,
        workers=args.workers,
        progress=True,
    )
    print(check_text(check))
    if config := starter_config(check):
        print(f'\nconfig to start from:\n\n{config}')
    if args.report:
        page = write_check_page(check, args.report)
        print(f'\nopen {page} in a browser')
    return int(check.wrong(strict=args.strict))


if __name__ == '__main__':
    run_tool(lambda argv: sys.exit(main(argv)))
