"""From loaded images to probabilities and labels, the same in every mode."""

import functools
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.pixel_maps import Planes
from mmseg_medical.models.segmentors.settings import TestSettings
from mmseg_medical.models.task import Task
from mmseg_medical.models.views import Merge, Variant
from mmseg_medical.models.windows import predict_maps
from mmseg_medical.postprocessing import Pipeline

Samples = list[SegDataSample]
# Probabilities (C, H, W), and what was said of the image as a whole.
Recalled = tuple[Tensor, dict[str, Any]]


class ImagePredictor(nn.Module, metaclass=ABCMeta):
    """Predicts loaded images: windows, views, labels.

    A subclass has ``task``, ``settings`` and ``window_probs``. Images are
    normalised and padded window by window, so that a large image is never
    held as floats, and images of a batch may differ in size.
    """

    task: Task
    settings: TestSettings
    # Gives what an earlier, killed test has left of a sample, or None; set by
    # SaveProbabilitiesHook.
    recall: Callable[[SegDataSample], Recalled | None] | None = None
    # Makes the masks, instead of mask_thr and gate_thr; set by
    # PostprocessHook.
    pipeline: Pipeline | None = None

    @abstractmethod
    def window_probs(self, windows: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Probabilities of windows as they were loaded.

        Args:
            windows: N tensors (C, h, w) of one size.

        Returns:
            (N, K, h, w) probabilities in [0, 1], and below them the map of
            the head :attr:`map_name`; (N, S) outputs for whole images,
            S >= 0.
        """

    @property
    def map_name(self) -> str:
        """Head of ``model.map_heads`` that a test reads; empty for none."""
        decoder = self.settings.decoder
        return decoder.map_name if decoder else ''

    def pool_outputs(self, outputs: Tensor) -> Tensor:
        """Outputs (S,) of an image from those of its windows (windows, S)."""
        return outputs.mean(0)

    def image_scores(self, outputs: Tensor) -> dict[str, Any]:
        """What the outputs (S,) of an image say of it."""
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
            ``multilabel``. With ``test_cfg.instances`` also
            ``pred_inst_map``, int32 ids (1, H, W), 0 in the background, and
            in the metadata ``instance_scores``, one for each id from 1 on.

        Raises:
            InputError: If the network gives nan or inf; the message names
                the image.
        """
        planes = Planes(self.task.planes, self.map_name)
        exclusive = self.task.name == 'multiclass'
        make = functools.partial(planes.merge, merge, exclusive=exclusive)
        merged = [make() for _ in imgs]
        outputs = [Merge() for _ in imgs]
        for variant in variants:
            maps = predict_maps(
                [variant.apply(img) for img in imgs],
                self.window_probs,
                self.settings.grid,
                symmetries=symmetries,
                undo=planes.undo,
                merge=make,
                batch_size=self.settings.batch_size or len(imgs),
                device=self.settings.device,
            )
            for k, (probs, scores) in enumerate(maps):
                sample = samples[k]
                name = sample.get('img_id', sample.get('img_path', k))
                if not torch.isfinite(probs.sum()):
                    raise InputError(
                        f'the network gives nan or inf for image {name!r}: '
                        'its weights are those of a training that diverged, '
                        f'or precision {self.settings.precision!r} is not '
                        'enough'
                    )
                size = imgs[k].shape[1:]
                merged[k].add(planes.resize(probs, size), variant.weight)
                outputs[k].add(self.pool_outputs(scores), variant.weight)
        return [
            self.finish(
                sample,
                planes.resize(
                    one.result(), sample.get('ori_shape', img.shape[1:])
                ),
                self.image_scores(scores.result()),
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
            probs: (C, H, W) in [0, 1], and the map of :attr:`map_name`.
            scores: What the network says of the whole image, kept as
                metadata, each for itself and all as ``image_scores``;
                ``presence`` is gated by ``gate_thr``.
        """
        probs, values = probs.split(
            [self.task.planes, len(probs) - self.task.planes]
        )
        if self.pipeline is None:
            labels = self.task.labels(probs, self.settings.mask_thr)
            gate = self.settings.gate_thr
            if gate is not None and scores['presence'] < gate:
                labels = torch.zeros_like(labels)
        else:
            meta = dict(sample.metainfo_items())
            masks = self.pipeline(
                probs.cpu().numpy(), meta=meta, scores=scores
            )
            labels = torch.from_numpy(self.pipeline.as_labels(masks))
            labels = labels.to(probs.device)
        sample.set_metainfo(dict(scores, image_scores=scores))
        sample.set_data(
            dict(
                seg_probs=PixelData(data=probs),
                pred_sem_seg=PixelData(data=labels),
            )
        )
        if self.settings.decoder is not None:
            found = self.settings.decoder(
                self.task.foreground(probs).cpu().numpy(),
                probs.cpu().numpy(),
                values.cpu().numpy() if self.map_name else None,
            )
            inst_map = torch.from_numpy(found.inst_map)[None]
            sample.set_metainfo(dict(instance_scores=found.scores))
            sample.set_data(dict(pred_inst_map=PixelData(data=inst_map)))
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
            # Maps of probabilities have not what instances are found by.
            recall = None if self.map_name else self.recall
            known = recall(sample) if recall else None
            if known is None:
                todo.append(k)
            else:
                probs, scores = known
                self.finish(sample, probs.to(imgs[k].device), scores)
        if todo:
            self.predict_images(
                [imgs[k] for k in todo], [samples[k] for k in todo], **views
            )
        return samples

    def val_step(self, data: dict[str, Any]) -> Samples:
        """Predict a batch of the validation; as :meth:`test_step`."""
        return self.test_step(data)
