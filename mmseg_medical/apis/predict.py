"""Predictions of files and folders, as files that a killed run keeps."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmseg_medical._files import locked
from mmseg_medical.apis.inferencer import MedicalInferencer, PathLike
from mmseg_medical.apis.prediction_outputs import Outputs
from mmseg_medical.converters.record import Skipped
from mmseg_medical.datasets.unlabelled import find_images
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress


class Predicted(NamedTuple):
    """What :func:`predict` has done.

    Attributes:
        written: Number of images predicted now.
        there: Number of images whose files were there already.
        others: Number of files of folders that are no images.
        errors: What is wrong with images that were not predicted.
    """

    written: int
    there: int
    others: int
    errors: list[Exception]


def predict(
    inferencer: MedicalInferencer,
    inputs: Sequence[PathLike],
    out_dir: PathLike,
    *,
    write: Sequence[str] = ('masks',),
    rle: str = 'hubmap',
    bits: int = 8,
    batch_size: int = 1,
    num_workers: int = 0,
) -> Predicted:
    """Predict files and folders of images, and write files of them.

    Images whose files are there already are not predicted again. One that
    cannot be read or predicted does not stop the others.

    Args:
        inferencer: Model to predict with.
        inputs: Files and folders; see
            :func:`mmseg_medical.datasets.unlabelled.find_images`.
        out_dir: Folder to write to, not within one of ``inputs``.
        write: Kinds of files, see
            :class:`mmseg_medical.apis.prediction_outputs.Outputs`.
        rle: Layout of the tables of ``'rle'``.
        bits: 8 or 16 for each probability of ``'probs'``.
        batch_size: Images that go through the network at once.
        num_workers: Processes that read images meanwhile.

    Raises:
        FileNotFoundError: If an input does not exist.
        InputError: If there is no image, ``out_dir`` lies within the inputs,
            holds predictions of another model or is written by another
            process, or a kind of files is unknown.
        OSError: If a file cannot be written.
    """
    _check_place(inputs, out_dir)
    outputs = Outputs(out_dir, write, inferencer.model, rle=rle, bits=bits)
    found = find_images(inputs, stack=inferencer.model.stack)
    samples = [{**inferencer.meta, **sample} for sample in found.samples]
    ids = [sample['img_id'] for sample in samples]
    skipped = Skipped(strict=False)
    with locked(out_dir):
        outputs.start(ids)
        todo = [s for s in samples if outputs.lacking(s['img_id'])]
        written = 0
        with Progress(len(todo)) as progress:
            for one in inferencer.predict(
                todo,
                batch_size=batch_size,
                num_workers=num_workers,
                keep_img=outputs.needs_img,
                skipped=skipped,
            ):
                try:
                    outputs.write(one)
                    written += 1
                except InputError as error:
                    skipped.add(error)
                progress.step()
        outputs.finish()
    return Predicted(
        written, len(samples) - len(todo), found.others, skipped.errors
    )


def _check_place(inputs: Sequence[PathLike], out_dir: PathLike) -> None:
    place = Path(os.path.abspath(out_dir))
    for entry in inputs:
        folder = Path(os.path.abspath(entry))
        if folder.is_dir() and (place == folder or folder in place.parents):
            raise InputError(
                f'{out_dir} lies within {entry}: what is written would be '
                'among the images of the next run; choose another folder '
                '(--out)'
            )
