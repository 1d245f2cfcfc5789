"""Train a model, in one go or stage by stage.

Usage: tools/train.py CONFIG [--fold K] [--work-dir DIR] [--resume] …
"""

import argparse
from collections.abc import Sequence

from mmengine.dist import is_main_process

from mmseg_medical.apis import load_config, train, train_stages
from mmseg_medical.apis.command_line import (
    add_fold_arguments,
    add_runner_arguments,
    add_training_arguments,
    print_table,
    run_tool,
    speed_of,
)
from mmseg_medical.apis.stages import table_of


def main(argv: Sequence[str] | None = None) -> None:
    """Train a model; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(description='Train a model')
    add_runner_arguments(parser)
    add_fold_arguments(parser)
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the latest checkpoint in the work_dir; of stages, '
        'in the one that is not done',
    )
    add_training_arguments(parser)
    args = parser.parse_args(argv)
    cfg = load_config(
        args.config,
        options=args.cfg_options,
        work_dir=args.work_dir,
        launcher=args.launcher,
        fold=args.fold,
        split=args.split,
        speed=speed_of(args),
    )
    how = dict(
        resume=args.resume,
        amp=args.amp,
        pretrained=not args.no_pretrained,
        trust_checkpoint=args.trust_checkpoint,
    )
    if cfg.get('stages'):
        done = train_stages(cfg, **how)
        if is_main_process():
            print_table(table_of(done))
    else:
        train(cfg, **how)


if __name__ == '__main__':
    run_tool(main)
