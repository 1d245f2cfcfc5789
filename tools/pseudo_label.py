"""Make labels for a next training from what models are sure of.

Usage: tools/pseudo_label.py MAPS [MAPS …] --out FOLDER [--per-fold]
       [--low 0.2 --high 0.8] [--min-confidence 0.9] …
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmseg_medical.apis.command_line import (
    print_table,
    run_tool,
    thresholds_of,
)
from mmseg_medical.apis.label_rules import LabelRules
from mmseg_medical.apis.pseudo_label import notes_on, pseudo_label
from mmseg_medical.converters.pseudo_labels import PseudoLabels


def main(argv: Sequence[str] | None = None) -> dict[str, PseudoLabels]:
    """Write pseudo labels; ``argv`` as on the command line."""
    args = _parse(argv)
    made = pseudo_label(
        args.maps,
        args.out,
        rules=LabelRules(
            mask_thr=thresholds_of(args.mask_thr, '--mask-thr'),
            low=thresholds_of(args.low, '--low'),
            high=thresholds_of(args.high, '--high'),
            postprocess=args.postprocess,
            min_confidence=args.min_confidence,
            min_sure=args.min_sure,
            empty=not args.no_empty,
            trained=args.keep_trained,
            limit=args.limit,
        ),
        weights=args.weights,
        per_fold=args.per_fold,
        overwrite=args.overwrite,
    )
    names = dict.fromkeys(k for one in made.values() for k in one.counts())
    print_table(
        [
            ['', *(name or 'images' for name in made)],
            *(
                [
                    key,
                    *(str(one.counts().get(key, 0)) for one in made.values()),
                ]
                for key in names
            ),
        ]
    )
    folder = Path(args.out, 'fold_{fold}' if args.per_fold else '')
    rounds = {one.provenance['round'] for one in made.values()}
    print(
        f'\nround {max(rounds)}: train with a data set of these images and '
        f"pseudo_labels='{folder}'"
    )
    for note in notes_on(made, per_fold=args.per_fold):
        print(f'note: {note}')
    return made


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Make labels from what models are sure of'
    )
    add = parser.add_argument
    add(
        'maps',
        nargs='+',
        metavar='MAPS',
        help='folders of tools/test.py --out, of the same images',
    )
    add('--out', required=True, metavar='FOLDER', help='folder to write')
    add(
        '--per-fold',
        action='store_true',
        help='FOLDER/fold_K for each fold K, by the models that held it out',
    )
    add(
        '--weights',
        type=float,
        nargs='+',
        metavar='W',
        help='weight of each of MAPS; all alike by default',
    )
    of = 'one number, or  CLASS=T,CLASS=T  or  T,T  for each class'
    add(
        '--mask-thr',
        metavar='T',
        help=f'probability above which a pixel is of a class: {of}; that of '
        'the maps by default',
    )
    add(
        '--low',
        metavar='T',
        help='probability up to which a pixel is not of a class',
    )
    add(
        '--high',
        metavar='T',
        help='probability above which it is; between both it is ignored. Of '
        'classes that exclude each other the most likely one counts, ignored '
        'up to its --high',
    )
    add(
        '--postprocess',
        metavar='FILE',
        help='postprocess.json of tools/search_postprocess.py, which decides '
        'where pixels are not ignored',
    )
    add(
        '--min-confidence',
        type=float,
        default=0.0,
        metavar='P',
        help='least mean probability of the foreground of an image, or of '
        'there being none',
    )
    add(
        '--min-sure',
        type=float,
        default=0.0,
        metavar='R',
        help='least share of foreground in foreground and ignored pixels',
    )
    add('--no-empty', action='store_true', help='leave out empty images')
    add(
        '--keep-trained',
        action='store_true',
        help='keep images whose labels a model of their maps has learnt',
    )
    add(
        '--limit',
        type=float,
        metavar='N',
        help='keep the N most confident images, or below 1 that share',
    )
    add(
        '--overwrite',
        action='store_true',
        help='replace FOLDER, which is kept as FOLDER.old',
    )
    return parser.parse_args(argv)


if __name__ == '__main__':
    run_tool(main)
