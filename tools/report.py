"""Make a page of a test.

Usage: tools/report.py WORK_DIR [--overlays DIR]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmseg_medical.apis.command_line import run_tool
from mmseg_medical.visualization import write_report


def main(argv: Sequence[str] | None = None) -> None:
    """Write report.html; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(
        description='Make a page of a test: scores, curves, worst images'
    )
    parser.add_argument(
        'work_dir', type=Path, help='work_dir of tools/test.py'
    )
    parser.add_argument(
        '--overlays', type=Path, help='folder of tools/test.py --show-dir'
    )
    parser.add_argument('--out', type=Path, help='page to write')
    parser.add_argument('--title')
    parser.add_argument('--note', default='', help='a line below the title')
    args = parser.parse_args(argv)
    logs = sorted(args.work_dir.glob('*/vis_data/scalars.json'))
    page = write_report(
        args.out or args.work_dir / 'report.html',
        title=args.title or args.work_dir.name,
        note=args.note,
        per_image=args.work_dir / 'per_image.csv',
        overlay_dir=args.overlays,
        scalars=logs,
    )
    print(f'open {page} in a browser')


if __name__ == '__main__':
    run_tool(main)
