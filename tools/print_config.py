"""Print a config with all that it inherits.

Usage: tools/print_config.py CONFIG [--stage K]
"""

import argparse
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmseg_medical.apis import drop_pretrained
from mmseg_medical.apis.command_line import add_config_arguments, run_tool
from mmseg_medical.apis.stage_config import stage_config


def main(argv: Sequence[str] | None = None) -> None:
    """Print a config; ``argv`` as on the command line."""
    parser = argparse.ArgumentParser(description='Print a whole config')
    add_config_arguments(parser)
    parser.add_argument(
        '--graph', action='store_true', help='print the modules of the model'
    )
    parser.add_argument(
        '--stage',
        type=int,
        metavar='K',
        help='the config of one of its stages, from 0',
    )
    args = parser.parse_args(argv)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options or {})
    if args.stage is not None:
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        cfg = stage_config(cfg, args.stage)
    print(cfg.pretty_text)
    if args.graph:
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        drop_pretrained(cfg.model)
        print(MODELS.build(cfg.model))


if __name__ == '__main__':
    run_tool(main)
