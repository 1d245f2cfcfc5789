"""Predict images that have no labels.

Usage: tools/predict.py INPUT [MODEL …] --out DIR [--write masks,probs] …
"""

import argparse
from collections.abc import Sequence

from mmengine.config import DictAction

from mmseg_medical.apis.command_line import run_tool, thresholds_of
from mmseg_medical.apis.inferencer import MedicalInferencer
from mmseg_medical.apis.predict import Predicted, predict
from mmseg_medical.apis.prediction_outputs import KINDS
from mmseg_medical.converters._rle_layouts import LAYOUTS
from mmseg_medical.errors import InputError

_LISTED = 20  # messages


def main(argv: Sequence[str] | None = None) -> Predicted:
    """Predict images; ``argv`` as on the command line."""
    args = _parse(argv)
    inferencer = MedicalInferencer(
        args.models,
        device=args.device,
        member_weights=args.weights,
        tta=args.tta,
        mask_thr=thresholds_of(args.mask_thr, '--mask-thr'),
        postprocess=args.postprocess,
        channels=args.channels,
        options=args.cfg_options,
        meta=args.meta,
        trust_checkpoint=args.trust_checkpoint,
    )
    done = predict(
        inferencer,
        [args.input, *args.more],
        args.out,
        write=args.write.split(','),
        rle=args.rle,
        bits=args.out_bits,
        batch_size=args.batch_size,
        num_workers=args.num_workers,
    )
    if done.others:
        print(f'{done.others} files are no images and were passed over')
    print(
        f'{args.out}: {done.written} images predicted, {done.there} were '
        f'there already'
    )
    if done.errors:
        lines = [f'  {error}' for error in done.errors[:_LISTED]]
        if left := len(done.errors) - len(lines):
            lines.append(f'  … and {left} more')
        raise InputError(
            '\n'.join([f'{len(done.errors)} images not predicted:', *lines])
        )
    return done


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Predict images that have no labels'
    )
    add = parser.add_argument
    add('input', help='image, volume or folder')
    add(
        'models',
        nargs='+',
        metavar='MODEL',
        help='folder of a training, or CONFIG CHECKPOINT; several are an '
        'ensemble',
    )
    add(
        '--more',
        nargs='+',
        default=[],
        metavar='INPUT',
        help='further images and folders',
    )
    add('--out', required=True, metavar='DIR', help='folder to write')
    add(
        '--write',
        default='masks',
        metavar='KIND,KIND',
        help=f'some of {",".join(KINDS)}',
    )
    add(
        '--rle',
        choices=sorted(LAYOUTS),
        default='hubmap',
        help='whose table rle.csv is like',
    )
    add('--out-bits', type=int, choices=[8, 16], default=8, help='of probs')
    add('--weights', type=float, nargs='+', metavar='W', help='of each model')
    add('--tta', action='store_true', help='merge views of each image')
    add('--mask-thr', metavar='T', help='one, T,T for classes, or CLASS=T')
    add(
        '--postprocess',
        metavar='FILE',
        help='postprocess.json, which makes the masks; "none" for none',
    )
    add('--channels', type=int, choices=[1, 3], help='of every image')
    add('--meta', nargs='+', action=DictAction, help='as  organ=lung')
    add('--device', help='as cuda:1 or cpu')
    add('--batch-size', type=int, default=1, help='images at once')
    add('--num-workers', type=int, default=2, help='processes that read')
    add('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    add('--trust-checkpoint', action='store_true', help='of your own only')
    return parser.parse_args(argv)


if __name__ == '__main__':
    run_tool(main)
