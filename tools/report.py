"""Make a page of runs: curves, scores with intervals, cases, calibration.

Usage: tools/report.py WORK_DIR [WORK_DIR …] [--overlays DIR …] [--maps DIR …]
WORK_DIR is a folder of tools/train.py, tools/test.py or tools/train_folds.py;
several stand side by side, compared to the first.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmseg_medical.apis.command_line import run_tool
from mmseg_medical.apis.reports import PageSettings, make_report


def main(argv: Sequence[str] | None = None) -> Path:
    """Write the page; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(
        description='Make a page of runs, to be opened without a network'
    )
    add = parser.add_argument
    add('work_dir', type=Path, nargs='+', help='folder of a run')
    for option, of in (('--overlays', '--show-dir'), ('--maps', '--out')):
        add(
            option,
            nargs='+',
            default=[],
            metavar='DIR',
            help=f'folder of tools/test.py {of}, for each run',
        )
    add('--out', type=Path, help='page to write; WORK_DIR/report.html')
    add('--postprocess', metavar='FILE', help='WORK_DIR/postprocess.json')
    add('--config', metavar='FILE', help='names the data of --maps')
    add(
        '--patients',
        default='',
        metavar='COLUMN',
        help='of per_image.csv; intervals draw its images together',
    )
    add('--cases', type=int, default=6, help='worst and best of each class')
    add(
        '--thumbnails',
        type=int,
        default=10_000,
        metavar='N',
        help='cases of the list that get a picture, the worst first',
    )
    add('--title', default='')
    add('--note', default='', help='a line below the title')
    args = vars(parser.parse_args(argv))
    folders, out = args.pop('work_dir'), args.pop('out')
    page = make_report(
        folders, out or folders[0] / 'report.html', PageSettings(**args)
    )
    print(f'open {page} in a browser')
    return page


if __name__ == '__main__':
    run_tool(main)
