"""Look at samples after the pipeline.

Usage: tools/browse_dataset.py CONFIG
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import ProgressBar
from mmseg.registry import DATASETS

import mmseg_medical  # noqa: F401
from mmseg_medical.apis.command_line import add_config_arguments, run_tool
from mmseg_medical.engine.hooks.prediction import sample_name
from mmseg_medical.engine.loops import seed_all
from mmseg_medical.visualization import draw_overlay


def main(argv: Sequence[str] | None = None) -> None:
    """Draw masks over samples; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(
        description='Draw the masks of the training samples over the images'
    )
    add_config_arguments(parser)
    parser.add_argument('--output-dir', type=Path, help='folder for PNG files')
    parser.add_argument('--not-show', action='store_true')
    parser.add_argument(
        '--show-interval', type=float, default=2, help='seconds per picture'
    )
    parser.add_argument(
        '--limit', type=int, help='number of samples, all by default'
    )
    args = parser.parse_args(argv)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    count = min(len(dataset), args.limit or len(dataset))
    if args.output_dir:
        args.output_dir.mkdir(parents=True, exist_ok=True)
    progress = ProgressBar(count)
    for index in range(count):
        seed_all(cfg.get('randomness', {}).get('seed') or 0, index)
        item = dataset[index]
        sample = item['data_samples']
        mask = sample.gt_sem_seg.data.numpy()
        picture = draw_overlay(
            item['inputs'].permute(1, 2, 0).numpy(), mask * (mask != 255)
        )
        if args.output_dir:
            name = sample_name(sample).replace('/', '_')
            cv2.imwrite(str(args.output_dir / f'{name}.png'), picture)
        if not args.not_show:
            cv2.imshow('browse_dataset', picture)
            cv2.waitKey(int(args.show_interval * 1000))
        progress.update()


if __name__ == '__main__':
    run_tool(main)
