"""Images to masks in Python, in the call shape of MMSegInferencer."""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mmseg_medical.apis.loaded_model import LoadedModel, load_model
from mmseg_medical.apis.model_files import find_models
from mmseg_medical.apis.prediction_outputs import Outputs
from mmseg_medical.converters import rle as rle_codec
from mmseg_medical.converters.confidence import Thresholds
from mmseg_medical.converters.record import Skipped
from mmseg_medical.datasets.unlabelled import (
    Loaded,
    Sample,
    UnlabelledImages,
    find_images,
)
from mmseg_medical.errors import InputError
from mmseg_medical.progress import Progress

PathLike = str | os.PathLike[str]
Names = str | Sequence[str]


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model says of an image.

    Attributes:
        img_id: Id of the image.
        sample: What ``test_step`` filled: ``pred_sem_seg``, ``seg_probs`` and
            what is known of the image.
        img: (H, W, C) as it was read, colours as BGR; None unless it was
            asked for.
    """

    img_id: str
    sample: Any
    img: NDArray[Any] | None = None

    @property
    def labels(self) -> NDArray[Any]:
        """(1, H, W) class indices, or (C, H, W) of 0 and 1."""
        labels: NDArray[Any] = self.sample.pred_sem_seg.data.cpu().numpy()
        return labels

    @property
    def probs(self) -> NDArray[np.float32]:
        """(C, H, W) in [0, 1], of the foreground for ``binary``."""
        probs: NDArray[Any] = self.sample.seg_probs.data.cpu().numpy()
        return probs


class MedicalInferencer:
    """Predicts images that have no labels.

    Images go through the loading transforms of the config's test, so that 16
    bits, DICOM windows, inverted gray and tiled TIFF mean the same as in
    training, and masks come back at the size of the file. For one model and
    the images of a test they are those of ``tools/test.py``.

    Args:
        model: Folder of a training (``work_dir``), or a config; or a list of
            them, whose probabilities are averaged.
        weights: Checkpoint of a config, or a list of one for each model,
            None for folders.
        device: As ``'cuda:1'`` or ``'cpu'``; None takes a GPU where there is
            one.
        member_weights: Weight of each model in the mean; None weighs all
            alike.
        tta: Merge the views of ``tta_model`` of the config.
        mask_thr: Probability above which a pixel belongs to a class, one, one
            for each class or by name; None takes that of the model.
        postprocess: A ``postprocess.json``, or ``'none'``; see
            :func:`mmseg_medical.apis.loaded_model.load_model`.
        channels: 1 or 3 channels of each image, whatever its file has.
        options: Keys of the configs to replace, as
            ``{'model.test_cfg.mode': 'whole'}``.
        meta: What is known of all images, as ``dict(organ='lung')``.
        trust_checkpoint: Load checkpoints that hold more than weights.

    Raises:
        FileNotFoundError, InputError: As :func:`find_models` and
            :func:`load_model`.

    Example:
        >>> inferencer = MedicalInferencer('work_dirs/unet')  # doctest: +SKIP
        >>> found = inferencer('images', return_probs=True)  # doctest: +SKIP
        >>> found['predictions'][0].shape  # doctest: +SKIP
        (512, 512)
    """

    def __init__(
        self,
        model: Names,
        weights: str | Sequence[str | None] | None = None,
        device: str | None = None,
        *,
        member_weights: Sequence[float] | None = None,
        tta: bool = False,
        mask_thr: Thresholds | None = None,
        postprocess: str | None = None,
        channels: int | None = None,
        options: dict[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
        trust_checkpoint: bool = False,
    ) -> None:
        self.model: LoadedModel = load_model(
            find_models(_names(model, weights)),
            weights=member_weights,
            device=device,
            tta=tta,
            mask_thr=mask_thr,
            postprocess=postprocess,
            channels=channels,
            options=options,
            trust_checkpoint=trust_checkpoint,
        )
        self.meta = dict(meta or {})

    def __call__(
        self,
        inputs: Any,
        *,
        batch_size: int = 1,
        return_datasamples: bool = False,
        return_probs: bool = False,
        rle: str | None = None,
        out_dir: PathLike | None = None,
        write: Sequence[str] = ('masks',),
        show_progress: bool = False,
    ) -> dict[str, Any]:
        """Predict images.

        Args:
            inputs: Path of an image, a volume or a folder; an array (H, W) or
                (H, W, C), colours as BGR; or a list of paths and arrays.
            batch_size: Images that go through the network at once.
            return_datasamples: Give ``SegDataSample`` as predictions.
            return_probs: Give the probabilities too.
            rle: Dialect of run lengths to give too, as ``'kaggle'``,
                ``'kaggle_row'``, ``'siim'``, ``'coco'``.
            out_dir: Folder to write to as well; None writes nothing.
            write: Kinds of files there, of
                :data:`mmseg_medical.apis.prediction_outputs.KINDS`.
            show_progress: Count images on standard error.

        Returns:
            ``predictions``: (H, W) class indices, or (C, H, W) of 0 and 1
            where classes overlap; ``ids``; ``probs``: (C, H, W) float32;
            ``rle``: texts by class. Each is a list of one for each image, but
            of a single image or array its only one.

        Raises:
            FileNotFoundError: If a path does not exist.
            InputError: If there is no image, one cannot be read or does not
                suit the model, or ``out_dir`` holds what another model wrote.
        """
        if rle is not None:
            rle_codec.RLEDialect(rle)
        samples, single = self._samples(inputs)
        outputs = None
        if out_dir is not None:
            outputs = Outputs(out_dir, write, self.model)
            outputs.start([sample['img_id'] for sample in samples])
        found: dict[str, list[Any]] = dict(predictions=[], ids=[])
        keep_img = outputs is not None and outputs.needs_img
        with Progress(len(samples)) as progress:
            for one in self.predict(
                samples, batch_size=batch_size, keep_img=keep_img
            ):
                if outputs is not None:
                    outputs.write(one)
                self._collect(
                    *(one, found, rle), return_datasamples, return_probs
                )
                if show_progress:
                    progress.step()
        if outputs is not None:
            outputs.finish()
        if single:
            return {key: values[0] for key, values in found.items()}
        return found

    def _collect(
        self,
        one: Prediction,
        found: dict[str, list[Any]],
        rle: str | None,
        samples: bool,
        probs: bool,
    ) -> None:
        labels = one.labels
        plain = labels if self.model.task == 'multilabel' else labels[0]
        found['ids'].append(one.img_id)
        found['predictions'].append(one.sample if samples else plain)
        if probs:
            found.setdefault('probs', []).append(one.probs)
        if rle is not None:
            masks = self.model.masks(labels)
            texts = {
                name: rle_codec.encode(mask, rle)
                for name, mask in zip(self.model.labels, masks, strict=True)
            }
            found.setdefault('rle', []).append(texts)

    def _samples(self, inputs: Any) -> tuple[list[Sample], bool]:
        """Samples, and whether they are of one image that is not listed."""
        listed = isinstance(inputs, (list, tuple))
        items = list(inputs) if listed else [inputs]
        paths = [one for one in items if not isinstance(one, np.ndarray)]
        found = self.find(paths) if paths else []
        if len(paths) == len(items):
            folder = listed or Path(paths[0]).is_dir()
            return found, not folder and len(found) == 1
        if self.model.stack.get('num', 1) > 1:
            raise InputError(
                'an array has no neighbouring slices; name the folder or the '
                'volume of the slices'
            )
        arrays = [
            dict(self.meta, img_id=f'array_{k}', img=one)
            for k, one in enumerate(items)
            if isinstance(one, np.ndarray)
        ]
        if not paths:
            return arrays, not listed
        raise InputError(
            f'inputs are {len(paths)} paths and {len(arrays)} arrays; give '
            'either'
        )

    def find(self, inputs: Sequence[PathLike]) -> list[Sample]:
        """Samples of files and folders; see :func:`find_images`."""
        found = find_images(inputs, stack=self.model.stack)
        return [{**self.meta, **sample} for sample in found.samples]

    def predict(
        self,
        samples: Sequence[Sample],
        *,
        batch_size: int = 1,
        num_workers: int = 0,
        keep_img: bool = False,
        skipped: Skipped | None = None,
    ) -> Iterator[Prediction]:
        """Predict samples one after another.

        Args:
            samples: As :meth:`find` gives them.
            batch_size: Images that go through the network at once.
            num_workers: Processes that read images meanwhile.
            keep_img: Keep each image in its prediction.
            skipped: Where errors of single images go; strict by default.

        Yields:
            Predictions in the order of the samples.

        Raises:
            InputError, OSError: If an image cannot be read or predicted, and
                ``skipped`` is strict.
        """
        skipped = Skipped() if skipped is None else skipped
        load, rest = self.model.transforms()
        images: Any = UnlabelledImages(
            samples,
            load=load,
            rest=rest,
            channels=self.model.channels,
            keep_img=keep_img,
        )
        loader = torch.utils.data.DataLoader(
            images, batch_size, num_workers=num_workers, collate_fn=list
        )
        for batch in loader:
            whole = []
            for one in batch:
                if one.error is None:
                    whole.append(one)
                else:
                    skipped.add(_named(one, one.error))
            yield from self._of_batch(whole, skipped)

    def _of_batch(
        self, batch: list[Loaded], skipped: Skipped
    ) -> Iterator[Prediction]:
        if not batch:
            return
        packed: Any = [one.packed for one in batch]
        data = dict(
            inputs=[one['inputs'] for one in packed],
            data_samples=[one['data_samples'] for one in packed],
        )
        try:
            with torch.no_grad():
                filled = self.model.network.test_step(data)
        except InputError as error:
            if len(batch) == 1:
                skipped.add(_named(batch[0], error))
                return
            for one in batch:  # which of them is it?
                yield from self._of_batch([one], skipped)
            return
        for one, sample in zip(batch, filled, strict=True):
            yield Prediction(one.img_id, sample, one.img)


def _named(one: Loaded, error: Exception) -> Exception:
    """The error of an image, which names it."""
    if one.img_id in str(error):
        return error
    kind = InputError if isinstance(error, InputError) else type(error)
    return kind(f'{one.img_id}: {error}')


def _names(model: Names, weights: Any) -> list[str]:
    """Models and their checkpoints as a command line has them."""
    models = [model] if isinstance(model, (str, Path)) else list(model)
    files = [weights] if isinstance(weights, (str, Path)) else weights
    files = [None] * len(models) if files is None else list(files)
    if len(files) != len(models):
        raise InputError(
            f'there are {len(models)} models and {len(files)} weights; give '
            'one for each, None for the folder of a training'
        )
    return [
        str(name)
        for pair in zip(models, files, strict=True)
        for name in pair
        if name is not None
    ]
