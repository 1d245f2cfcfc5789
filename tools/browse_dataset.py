"""Look at samples after the pipeline.

Usage: tools/browse_dataset.py CONFIG [--output-dir DIR] [--page FILE] …
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

import mmseg_medical  # noqa: F401
from mmseg_medical.apis.browsing import browse
from mmseg_medical.apis.command_line import add_config_arguments, run_tool
from mmseg_medical.apis.dataset_facts import palette
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress
from mmseg_medical.visualization.overlay import legend_of
from mmseg_medical.visualization.pictures import write_gallery

_ON_PAGE = 200  # samples, some 60 kB each


def main(argv: Sequence[str] | None = None) -> None:
    """Draw masks over samples; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(
        description='Draw the masks of samples over the images'
    )
    add_config_arguments(parser)
    parser.add_argument(
        '--part', choices=['train', 'val', 'test'], default='train'
    )
    parser.add_argument('--output-dir', type=Path, help='folder for PNG files')
    parser.add_argument('--page', type=Path, help='HTML file to write')
    parser.add_argument('--not-show', action='store_true')
    parser.add_argument(
        '--show-interval', type=float, default=2, help='seconds per picture'
    )
    parser.add_argument(
        '--limit',
        type=int,
        help=f'number of samples; by default all, {_ON_PAGE} for a page',
    )
    args = parser.parse_args(argv)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    loader = cfg.get(f'{args.part}_dataloader')
    if loader is None:
        raise InputError(f'{args.config} has no {args.part}_dataloader')
    dataset = DATASETS.build(loader.dataset)
    colours = palette(dataset, loader.dataset)
    if args.output_dir:
        args.output_dir.mkdir(parents=True, exist_ok=True)
    limit = args.limit or (_ON_PAGE if args.page else len(dataset))
    count = min(len(dataset), limit)
    seed = cfg.get('randomness', {}).get('seed') or 0
    pictures = []
    with Progress(count) as progress:
        for one in progress.over(browse(dataset, count, seed=seed)):
            if args.page:
                pictures.append(one.picture(colours))
            if args.output_dir:
                path = args.output_dir / f'{one.name}.png'
                cv2.imwrite(str(path), one.draw(colours))
            if not args.not_show:
                cv2.imshow('browse_dataset', one.draw(colours))
                cv2.waitKey(int(args.show_interval * 1000))
    if args.page:
        page = write_gallery(
            args.page,
            title=f'{Path(args.config).name}: {args.part}',
            note=f'{count:,} of {len(dataset):,} samples, as the pipeline '
            'gives them',
            pictures=pictures,
            legend=legend_of(
                dataset.metainfo.get('classes') or (),
                colours,
                overlapping=getattr(dataset, 'overlapping', False),
            ),
        )
        print(f'open {page} in a browser')


if __name__ == '__main__':
    run_tool(main)
