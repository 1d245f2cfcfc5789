"""Find the post-processing of a model on maps of images with masks.

Usage: tools/search_postprocess.py CONFIG MAPS [--search STEP …] [--metric M]
           [--group-by KEY] [--out FILE] [--plot FILE]
       tools/search_postprocess.py CONFIG MAPS --space FILE [--trials N]
MAPS is a folder of tools/train_folds.py --out, or of tools/test.py --out.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmseg_medical.apis.command_line import (
    add_config_arguments,
    add_split_argument,
    print_table,
    run_tool,
)
from mmseg_medical.apis.config import read_config
from mmseg_medical.apis.search_postprocess import (
    SIZES,
    SearchSettings,
    search_postprocess,
)
from mmseg_medical.apis.search_result import SearchResult
from mmseg_medical.apis.search_trials import search_trials
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.families import FAMILIES
from mmseg_medical.postprocessing.objective import OBJECTIVES
from mmseg_medical.visualization.search_figure import write_surface


def main(argv: Sequence[str] | None = None) -> SearchResult:
    """Search; ``argv`` as on the command line."""
    args = _parse(argv)
    cfg = read_config(args.config, options=args.cfg_options)
    if args.space:
        result = search_trials(
            cfg,
            args.maps,
            _steps(args.space),
            trials=args.trials,
            metric=args.metric,
            group_by=args.group_by,
            split=args.split,
        )
    else:
        result = search_postprocess(
            cfg,
            args.maps,
            SearchSettings(
                metric=args.metric,
                families=args.search,
                thresholds=args.thresholds,
                sizes=args.min_sizes,
                connectivity=args.connectivity,
                by_class=False if args.one_for_all else None,
                group_by=args.group_by,
                split=args.split,
            ),
        )
    print_table(result.rows())
    print(f'\n{result.objective.name}: {result.verdict()}')
    result.saved().write(args.out)
    print(f'{args.out}: {[step["type"] for step in result.steps]}')
    if args.plot and result.choice:
        write_surface(args.plot, result.choice, set(result.folds.values()))
        print(args.plot)
    return result


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Search post-processing')
    add_config_arguments(parser)
    add_split_argument(parser)
    add = parser.add_argument
    add('maps', help='probability maps of images with masks')
    add('--metric', choices=OBJECTIVES, default='', help="default: config's")
    add(
        '--search',
        nargs='+',
        choices=FAMILIES,
        default=['remove_small'],
        help='steps to try; the best of them counts',
    )
    add('--thresholds', type=int, default=99, help='their number; 254 at most')
    add('--min-sizes', type=int, nargs='+', default=SIZES, metavar='PIXELS')
    add('--connectivity', type=int, choices=[4, 8], default=8)
    add('--group-by', default='', metavar='KEY', help='as  organ')
    add('--one-for-all', action='store_true', help='of classes')
    add('--space', metavar='FILE', help='steps with ranges, as JSON: trials')
    add('--trials', type=int, default=100, help='of Optuna, for --space')
    add('--out', default='postprocess.json', metavar='FILE')
    add('--plot', metavar='FILE', help='PNG or SVG of the scores')
    return parser.parse_args(argv)


def _steps(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except ValueError as error:
        raise InputError(f'{path} is no JSON: {error}') from None


if __name__ == '__main__':
    run_tool(main)
