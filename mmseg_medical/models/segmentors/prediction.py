"""From loaded images to probabilities and labels, the same in every mode."""

import functools
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.task import Task
from mmseg_medical.models.views import Merge, Variant, resize
from mmseg_medical.models.windows import Grid, predict_maps

Samples = list[SegDataSample]
DTYPES = {'fp32': None, 'bf16': torch.bfloat16, 'fp16': torch.float16}


class TestSettings:
    """What ``model.test_cfg`` says, checked.

    Args:
        mode: ``'whole'`` or ``'slide'``.
        crop_size: (height, width) of the windows of ``'slide'``.
        stride: (height, width) between them.
        weight: ``'constant'`` or ``'gaussian'`` weight of a window's pixels.
        batch_size: Windows and views in one pass; None takes as many as the
            loader gives images.
        accumulate: ``'device'`` of the model, or ``'cpu'``: where the
            windows of an image are put together.
        precision: ``'fp32'``, ``'bf16'`` or ``'fp16'`` of the network;
            probabilities are merged in fp32.
        mask_thr: Probability above which a pixel belongs to a class, or one
            for each channel of ``seg_probs``.
        gate_thr: Probability of not being empty below which an image has no
            label at all; needs a :class:`PresenceHead`.

    Raises:
        InputError: If a key is unknown or a value out of range; the message
            names it.
    """

    __test__ = False  # pytest: not a test

    def __init__(
        self,
        *,
        mode: str = 'whole',
        crop_size: Sequence[int] | None = None,
        stride: Sequence[int] | None = None,
        weight: str = 'constant',
        batch_size: int | None = None,
        accumulate: str = 'device',
        precision: str = 'fp32',
        mask_thr: float | Sequence[float] = 0.5,
        gate_thr: float | None = None,
        **unknown: Any,
    ) -> None:
        where = 'model.test_cfg.'
        if unknown:
            raise InputError(
                f'{where}{sorted(unknown)[0]} is no setting; expected some of '
                'mode, crop_size, stride, weight, batch_size, accumulate, '
                'precision, mask_thr, gate_thr'
            )
        for key, value, known in (
            ('mode', mode, ('whole', 'slide')),
            ('accumulate', accumulate, ('device', 'cpu')),
            ('precision', precision, tuple(DTYPES)),
        ):
            if value not in known:
                raise InputError(
                    f'{where}{key} is {value!r}, expected one of {known}'
                )
        if mode == 'slide' and crop_size is None:
            raise InputError(
                f"{where}mode='slide' needs crop_size (height, width)"
            )
        if mode == 'whole' and (crop_size or stride or weight != 'constant'):
            raise InputError(
                f"{where}mode='whole' has no crop_size, stride and weight; "
                "remove them, or set mode='slide'"
            )
        for key, value in (('crop_size', crop_size), ('stride', stride)):
            if value is not None and not _is_size(value):
                raise InputError(
                    f'{where}{key} is {value!r}, expected (height, width), '
                    'two whole numbers of pixels above 0'
                )
        if batch_size is not None and not _is_count(batch_size):
            raise InputError(
                f'{where}batch_size is {batch_size!r}, expected a whole '
                'number above 0'
            )
        listed = isinstance(mask_thr, (list, tuple))
        thresholds = list(mask_thr) if listed else [mask_thr]
        gate = [] if gate_thr is None else [gate_thr]
        if not thresholds:
            raise InputError(f'{where}mask_thr is empty; give a threshold')
        for key, values in (('mask_thr', thresholds), ('gate_thr', gate)):
            for value in values:
                if not (_is_number(value) and 0 <= value <= 1):
                    raise InputError(
                        f'{where}{key} is {value!r}, expected a probability '
                        'in [0, 1]'
                    )
        try:
            self.grid = Grid(
                crop_size and tuple(crop_size),
                stride and tuple(stride),
                weight=weight,
            )
        except ValueError as error:
            raise InputError(f'{where[:-1]}: {error}') from None
        self.batch_size = batch_size
        self.device = 'cpu' if accumulate == 'cpu' else None
        self.precision = precision
        self.mask_thr = thresholds[0] if len(thresholds) == 1 else thresholds
        self.gate_thr = gate_thr

    @property
    def record(self) -> dict[str, Any]:
        """What of it decides the probabilities."""
        return dict(
            crop_size=self.grid.crop_size,
            stride=self.grid.stride,
            weight=self.grid.weight,
            precision=self.precision,
        )

    def check_model(
        self, task: Task, *, has_presence: bool, divisors: Iterable[int]
    ) -> None:
        """Check the settings against the model that they are of.

        Args:
            task: What its channels mean.
            has_presence: Whether it has a :class:`PresenceHead`.
            divisors: What the sides of its inputs are padded to multiples
                of, in pixels.

        Raises:
            InputError: If they do not fit; the message names the key.
        """
        where = 'model.test_cfg.'
        thr, planes = self.mask_thr, task.planes
        if task.name == 'multiclass' and thr != 0.5:
            raise InputError(
                f"{where}mask_thr is {thr}, but the label of task='multiclass'"
                ' is the most likely class, whatever its probability; remove '
                'it'
            )
        if isinstance(thr, list) and len(thr) != planes:
            raise InputError(
                f'{where}mask_thr has {len(thr)} thresholds, task='
                f'{task.name!r} has {planes} channels of probabilities; give '
                'one for each, or a single number'
            )
        if self.gate_thr is not None and not has_presence:
            raise InputError(
                f'{where}gate_thr needs a head that tells whether an image is '
                "empty: image_heads=dict(presence=dict(type='PresenceHead', "
                'in_channels=…))'
            )
        crop = self.grid.crop_size
        for divisor in divisors:
            if crop and any(side % divisor for side in crop):
                raise InputError(
                    f'{where}crop_size {tuple(crop)} is no multiple of '
                    f'{divisor}, the stride of the network (data_preprocessor'
                    '.test_cfg.size_divisor): every window would be padded'
                )


def padded_to(preprocessor: Any) -> int:
    """What a preprocessor pads images of a test to multiples of."""
    padding = getattr(preprocessor, 'test_cfg', None) or {}
    return padding.get('size_divisor') or 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def _is_size(value: Any) -> bool:
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    return pair and all(map(_is_count, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class ImagePredictor(nn.Module, metaclass=ABCMeta):
    """Predicts loaded images: windows, views, labels.

    A subclass has ``task``, ``settings`` and ``window_probs``. Images are
    normalised and padded window by window, so that a large image is never
    held as floats, and images of a batch may differ in size.
    """

    task: Task
    settings: TestSettings
    # Gives the probabilities (C, H, W) of a sample that an earlier, killed
    # test has left, or None; set by SaveProbabilitiesHook.
    recall: Callable[[SegDataSample], Tensor | None] | None = None

    @abstractmethod
    def window_probs(self, windows: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Probabilities of windows as they were loaded.

        Args:
            windows: N tensors (C, h, w) of one size.

        Returns:
            (N, K, h, w) probabilities in [0, 1]; (N, S) outputs for whole
            images, as :meth:`image_scores` reads them; S may be 0.
        """

    def image_scores(self, outputs: Tensor) -> dict[str, Any]:
        """What the outputs for whole images (windows, S) say of an image."""
        return {}

    @property
    def record(self) -> dict[str, Any]:
        """What decides the probabilities, beside the weights."""
        return self.settings.record

    @property
    def postprocess(self) -> dict[str, Any]:
        """What turns probabilities into labels; kept in checkpoints."""
        found = dict(mask_thr=self.settings.mask_thr)
        if self.settings.gate_thr is not None:
            found['gate_thr'] = self.settings.gate_thr
        return found

    @torch.no_grad()
    def predict_images(
        self,
        imgs: Sequence[Tensor],
        samples: Samples,
        *,
        symmetries: dict[str, float] | None = None,
        variants: Sequence[Variant] = (Variant(),),
        merge: str = 'mean',
    ) -> Samples:
        """Predict images as they were loaded, at their original size.

        Args:
            imgs: N tensors (C, H, W) of any sizes, in the order of colours
                that the preprocessor expects.
            samples: N samples, which are filled; their ``ori_shape``
                (height, width) is the size of the prediction.
            symmetries: Weight of each symmetry of the square by name.
            variants: Scales, contrasts and brightnesses to merge.
            merge: ``'mean'``, ``'geometric'`` or ``'max'`` of probabilities.

        Returns:
            The samples with ``seg_probs`` (C, H, W) in [0, 1], one channel
            of foreground for ``binary``; and ``pred_sem_seg``, uint8:
            (1, H, W) class indices, or (C, H, W) of 0 and 1 for
            ``multilabel``.

        Raises:
            InputError: If the network gives nan or inf; the message names
                the image.
        """
        make = functools.partial(
            Merge, merge, exclusive=self.task.name == 'multiclass'
        )
        merged = [make() for _ in imgs]
        outputs: list[list[Tensor]] = [[] for _ in imgs]
        for variant in variants:
            maps = predict_maps(
                [variant.apply(img) for img in imgs],
                self.window_probs,
                self.settings.grid,
                symmetries=symmetries,
                merge=make,
                batch_size=self.settings.batch_size or len(imgs),
                device=self.settings.device,
            )
            for k, (probs, scores) in enumerate(maps):
                name = samples[k].get('img_id', k)
                if not torch.isfinite(probs.sum()):
                    raise InputError(
                        f'the network gives nan or inf for image {name!r}: '
                        'its weights are those of a training that diverged, '
                        f'or precision {self.settings.precision!r} is not '
                        'enough'
                    )
                size = imgs[k].shape[1:]
                merged[k].add(resize(probs, size), variant.weight)
                outputs[k].append(scores)
        return [
            self.finish(
                sample,
                resize(one.result(), sample.get('ori_shape', img.shape[1:])),
                self.image_scores(torch.cat(scores)),
            )
            for img, sample, one, scores in zip(
                imgs, samples, merged, outputs, strict=True
            )
        ]

    def finish(
        self, sample: SegDataSample, probs: Tensor, scores: dict[str, Any]
    ) -> SegDataSample:
        """Put probabilities and the labels they make into a sample.

        The one place where a test makes labels.

        Args:
            sample: Sample to fill.
            probs: (C, H, W) in [0, 1].
            scores: What the network says of the whole image, kept as
                metadata; ``presence`` is gated by ``gate_thr``.
        """
        labels = self.task.labels(probs, self.settings.mask_thr)
        gate = self.settings.gate_thr
        if gate is not None and scores['presence'] < gate:
            labels = torch.zeros_like(labels)
        sample.set_metainfo(scores)
        sample.set_data(
            dict(
                seg_probs=PixelData(data=probs),
                pred_sem_seg=PixelData(data=labels),
            )
        )
        return sample

    def test_step(self, data: dict[str, Any], **views: Any) -> Samples:
        """Predict a batch of the test pipeline.

        Args:
            data: ``inputs``, N tensors (C, H, W); ``data_samples``.
            views: ``symmetries``, ``variants`` and ``merge`` of
                :meth:`predict_images`.

        Returns:
            N samples as :meth:`predict_images` fills them.
        """
        data = self.data_preprocessor.cast_data(data)
        imgs, samples = data['inputs'], data['data_samples']
        todo = []
        for k, sample in enumerate(samples):
            probs = self.recall(sample) if self.recall else None
            if probs is None:
                todo.append(k)
            else:
                self.finish(sample, probs.to(imgs[k].device), {})
        if todo:
            self.predict_images(
                [imgs[k] for k in todo], [samples[k] for k in todo], **views
            )
        return samples

    def val_step(self, data: dict[str, Any]) -> Samples:
        """Predict a batch of the validation; as :meth:`test_step`."""
        return self.test_step(data)
