"""Convert annotations from one format to another.

Usage: tools/convert.py FROM TO --to-format FORMAT
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from mmseg_medical.apis.command_line import options_of, run_tool
from mmseg_medical.apis.convert import convert
from mmseg_medical.converters.formats import FORMATS
from mmseg_medical.progress import Progress


def main(argv: Sequence[str] | None = None) -> None:
    """Convert annotations; ``argv`` as on the command line."""
    args = _parser().parse_args(argv)
    writes = options_of(args.to_options)
    if args.overlap:
        writes['overlap'] = args.overlap
    with Progress() as progress:
        done = convert(
            args.source,
            args.target,
            from_format=args.from_format,
            to_format=args.to_format,
            from_classes=args.from_classes,
            classes=args.classes,
            only=args.only,
            split=args.split,
            img_dir=args.images,
            objects=args.objects,
            read_options=options_of(args.from_options),
            write_options=writes,
            skip_errors=args.skip_errors,
            overwrite=args.overwrite,
            progress=progress.step,
        )
    print(done.summary(args.target))


def _parser() -> argparse.ArgumentParser:
    formats = '\n'.join(
        f'  {f.name:18}{f.about}'
        + ('' if f.writer else ' (read only)')
        + ('' if f.reader else ' (written only)')
        + (f' (extra {f.extra})' if f.extra else '')
        for f in FORMATS.values()
    )
    parser = argparse.ArgumentParser(
        description='Convert annotations from one format to another',
        epilog=f'formats:\n{formats}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('source', metavar='FROM', help='file or folder')
    parser.add_argument('target', metavar='TO', help='file or folder')
    parser.add_argument(
        '--from-format', metavar='FORMAT', help='recognised where possible'
    )
    parser.add_argument(
        '--to-format', metavar='FORMAT', help='by the suffix where it says so'
    )
    parser.add_argument(
        '--from-classes',
        nargs='+',
        metavar='NAME',
        help='classes of the values 1, 2, … of FROM, where it does not say',
    )
    parser.add_argument(
        '--classes',
        nargs='+',
        metavar='NAME',
        help='classes of the values 1, 2, … of TO; all labels by default',
    )
    parser.add_argument(
        '--only',
        action='store_true',
        help='leave out objects of other classes, and count them',
    )
    parser.add_argument(
        '--split',
        nargs='+',
        metavar='FILE',
        help='files of ids: only these images; for mmseg a folder for each',
    )
    parser.add_argument(
        '--images', metavar='DIR', help='images, for sizes and for copies'
    )
    parser.add_argument(
        '--objects',
        action='store_true',
        help='make an object of each connected part',
    )
    parser.add_argument(
        '--overlap',
        choices=['refuse', 'later'],
        help='pixels of several annotations, where a format has one value for '
        'each: stop, or keep the later one and count them',
    )
    for side in ('from', 'to'):
        parser.add_argument(
            f'--{side}-options',
            nargs='+',
            default=[],
            metavar='KEY=VALUE',
            help=f'further arguments of the {side} format, as  '
            'content=objects  "values={255: \'lung\'}"',
        )
    parser.add_argument(
        '--skip-errors',
        action='store_true',
        help='leave out what cannot be converted, and list it',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace what is there; a folder is kept as NAME.old',
    )
    return parser


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # clears away
    run_tool(main)
