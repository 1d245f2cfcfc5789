"""The segmentor of every task."""

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.config import ConfigDict
from mmseg.models import EncoderDecoder
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.decode_heads.point_head import PointHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.feature_maps import Inputs
from mmseg_medical.models.first_conv import inflate_first_conv
from mmseg_medical.models.image_heads.base import build_image_heads
from mmseg_medical.models.map_heads import build_map_heads, map_losses
from mmseg_medical.models.pixel_maps import kind_of
from mmseg_medical.models.segmentors.checks import (
    check_channels,
    check_finite,
    check_stacked,
)
from mmseg_medical.models.segmentors.heads import (
    check_cascade,
    check_configs,
    head_losses,
    head_task,
    own_logits,
    own_loss,
    own_losses,
    resize_logits,
)
from mmseg_medical.models.segmentors.mixing import check_mixed, is_mixed
from mmseg_medical.models.segmentors.prediction import ImagePredictor, Samples
from mmseg_medical.models.segmentors.settings import (
    DTYPES,
    TestSettings,
    padded_to,
)
from mmseg_medical.models.smp_keys import rename_smp_keys
from mmseg_medical.models.task import TASKS

# What PointHead reads of test_cfg itself.
POINT_SETTINGS = (
    'subdivision_steps',
    'subdivision_num_points',
    'scale_factor',
)


@MODELS.register_module()
class MedicalSegmentor(ImagePredictor, EncoderDecoder):
    """Backbone, neck and heads of MMSegmentation, with a task.

    The task decides what the channels mean, once for loss, prediction, test
    time augmentation and metric. Heads are called for their ``forward`` only;
    their ``loss_decode`` is applied here, to logits at the size of the mask
    and to the task's target. Heads that compute a loss of their own
    (``EncHead``, ``PIDHead``, ``PointHead`` …) do so where channels exclude
    each other. MMSegmentation's losses serve there as well, and not where
    each channel has a sigmoid.

    Neck and heads whose configs say nothing of their inputs
    (``in_channels``, ``feature_strides``, ``encoder_name``) are built for the
    maps of the backbone: it is run once on an empty image.

    Args:
        task: ``'binary'``, ``'multiclass'`` or ``'multilabel'``.
        backbone: Config of the backbone.
        decode_head: Config of a head of MMSegmentation, with ``loss_decode``;
            or a list of them, a cascade, of which each but the first refines
            the logits of the one before (``OCRHead``, ``PointHead``).
        neck: Config of the neck.
        auxiliary_head: Config or list of configs of further heads, which
            take part in the loss only.
        image_heads: Configs by name of heads that say something of the image
            as a whole: :class:`PresenceHead`, :class:`CategoryHead`,
            :class:`QuantityHead`.
        map_heads: Configs by name of heads that learn numbers of the pixels,
            ``gt_<name>_map`` of the samples, as ``distance``; that of
            ``test_cfg.instances`` takes part in a test. See
            :func:`mmseg_medical.models.map_heads.build_map_heads`.
        train_cfg: Settings of heads that compute their loss themselves.
        test_cfg: Arguments of
            :class:`mmseg_medical.models.segmentors.settings.TestSettings`,
            and those of ``PointHead``.
        data_preprocessor: Config of the preprocessor, for all but
            :meth:`predict`.
        pretrained: Weights of the backbone.
        channels_last: Keep weights and maps as (N, H, W, C) in memory, for
            which many machines have faster convolutions; results are the
            same up to rounding.
        init_cfg: Initialisation of the weights.

    Raises:
        InputError: If the task is unknown, a head contradicts it, or
            ``test_cfg`` says what cannot be.

    Example:
        >>> model = dict(
        ...     type='MedicalSegmentor',
        ...     task='binary',
        ...     backbone=dict(type='MixVisionTransformer'),
        ...     decode_head=dict(
        ...         type='SegformerHead',
        ...         in_index=[0, 1, 2, 3],
        ...         channels=256,
        ...         num_classes=2,
        ...     ),
        ...     test_cfg=dict(
        ...         mode='slide', crop_size=(512, 512), stride=(384, 384)
        ...     ),
        ... )
    """

    def __init__(
        self,
        task: str,
        backbone: dict[str, Any],
        decode_head: dict[str, Any] | list[dict[str, Any]],
        *,
        neck: dict[str, Any] | None = None,
        auxiliary_head: Any = None,
        image_heads: dict[str, dict[str, Any]] | None = None,
        map_heads: dict[str, dict[str, Any]] | None = None,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | None = None,
        pretrained: str | None = None,
        channels_last: bool = False,
        init_cfg: Any = None,
    ) -> None:
        if task not in TASKS:
            raise InputError(f'task is one of {sorted(TASKS)}, got {task!r}')
        check_channels(backbone, data_preprocessor)
        check_configs('decode_head', decode_head, task)
        check_configs('auxiliary_head', auxiliary_head, task)
        # EncoderDecoder itself builds heads before their inputs are known.
        super(EncoderDecoder, self).__init__(
            data_preprocessor=data_preprocessor, init_cfg=init_cfg
        )
        if pretrained is not None:
            backbone = dict(backbone, pretrained=pretrained)
        self.backbone = MODELS.build(backbone)
        inputs = Inputs(self.backbone)
        if neck is not None:
            self.neck = MODELS.build(inputs.neck(neck))
            inputs = Inputs(self.backbone, self.neck)
        self._init_decode_head(inputs.heads(decode_head))
        self._init_auxiliary_head(inputs.heads(auxiliary_head))
        self.image_heads = build_image_heads(inputs.heads(image_heads or {}))
        self.map_heads = build_map_heads(inputs.heads(map_heads or {}))
        self.train_cfg = ConfigDict(train_cfg or {})
        self.test_cfg = ConfigDict(test_cfg or {})
        check_cascade(self._decode_heads())
        self.tasks = {
            name: head_task(task, head) for name, head in self._heads().items()
        }
        self.task = head_task(task, self._decode_heads()[-1])
        settings = dict(self.test_cfg)
        if isinstance(self._decode_heads()[-1], PointHead):
            for key in POINT_SETTINGS:
                settings.pop(key, None)
        self.settings = TestSettings(**settings)
        self.settings.check_model(
            self.task,
            has_presence=self.has_presence,
            divisors=[padded_to(self.data_preprocessor)],
            maps=self.map_heads,
        )
        self.memory_format = torch.contiguous_format
        if channels_last:
            self.memory_format = torch.channels_last
            self.to(memory_format=torch.channels_last)
        self.register_load_state_dict_pre_hook(rename_smp_keys)
        self.backbone.register_load_state_dict_pre_hook(inflate_first_conv)

    def _init_decode_head(self, decode_head: Any) -> None:
        """Build the head, or the heads of a cascade."""
        if isinstance(decode_head, dict):
            super()._init_decode_head(decode_head)
            return
        if not decode_head:
            raise InputError('model.decode_head is empty; give a head')
        self.decode_head = nn.ModuleList(map(MODELS.build, decode_head))
        last = self.decode_head[-1]
        self.align_corners = last.align_corners
        self.num_classes = last.num_classes
        self.out_channels = last.out_channels

    def _decode_heads(self) -> list[BaseDecodeHead]:
        """The head, or the heads of a cascade."""
        heads = self.decode_head
        return list(heads) if isinstance(heads, nn.ModuleList) else [heads]

    def _heads(self) -> dict[str, BaseDecodeHead]:
        """All heads by the prefix of their losses."""
        heads = {'decode': self.decode_head}
        if self.with_auxiliary_head:
            heads['aux'] = self.auxiliary_head
        named: dict[str, BaseDecodeHead] = {}
        for name, one in heads.items():
            if isinstance(one, nn.ModuleList):
                named.update(
                    (f'{name}_{k}', head) for k, head in enumerate(one)
                )
            else:
                named[name] = one
        return named

    def extract_feat(self, inputs: Tensor) -> Any:
        """Maps of the backbone or the neck from images (N, C, H, W)."""
        inputs = inputs.contiguous(memory_format=self.memory_format)
        return super().extract_feat(inputs)

    def loss(self, inputs: Tensor, data_samples: Samples) -> dict[str, Tensor]:
        """Losses of all heads.

        Args:
            inputs: (N, C, H, W) preprocessed images.
            data_samples: N samples with ``gt_sem_seg``, and ``seg_weight``
                (1, H, W) where pixels have weights.

        Returns:
            Scalars by name, as ``decode.loss_ce``.

        Raises:
            InputError: If a loss is nan or inf; the message names the images.
        """
        if any(map(is_mixed, data_samples)):
            others = [*self.image_heads.values(), *self.map_heads.values()]
            check_mixed(others, data_samples)
        check_stacked(inputs)
        features = self.extract_feat(inputs)
        losses: dict[str, Tensor] = {}
        logits: Any = None  # of the head before, for a cascade
        for name, head in self._heads().items():
            task, maps = self.tasks[name], [features]
            if isinstance(head, BaseCascadeDecodeHead):
                maps.append(logits)
            if own_loss(head):
                terms = own_losses(
                    head, task, maps, data_samples, self.train_cfg
                )
            else:
                logits = head(*maps)
                terms = head_losses(head, task, logits, data_samples)
            losses.update((f'{name}.{k}', v) for k, v in terms.items())
        for name, head in self.image_heads.items():
            losses[f'{name}.loss'] = head.loss(
                head(features), data_samples, self.task
            )
        size = inputs.shape[2:]
        for name, head in self.map_heads.items():
            terms = map_losses(name, head, head(features), data_samples, size)
            losses.update((f'{name}.{k}', v) for k, v in terms.items())
        check_finite(losses, data_samples)
        return losses

    def encode_decode(
        self, inputs: Tensor, batch_img_metas: list[dict[str, Any]]
    ) -> Tensor:
        """Logits (N, C, H, W) at the size of the inputs (N, C, H, W)."""
        return self._logits(self.extract_feat(inputs), inputs.shape[2:])

    def _forward(
        self, inputs: Tensor, data_samples: Samples | None = None
    ) -> Tensor:
        return self.encode_decode(inputs, [])

    def _logits(self, features: Any, size: Any) -> Tensor:
        maps = [features]
        *first, last = self._decode_heads()
        for head in first:
            maps[1:] = [head(*maps)]
        if own_loss(last):
            logits = own_logits(last, maps, size, self.test_cfg)
        else:
            logits = last(*maps)
        return resize_logits(logits, size, self.align_corners)

    def window_probs(self, windows: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Probabilities of windows; see :class:`ImagePredictor`."""
        height, width = windows[0].shape[1:]
        batch = dict(inputs=list(windows), data_samples=[])
        inputs = self.data_preprocessor(batch, False)['inputs']
        check_stacked(inputs)
        probs, scores = self._probs(inputs)
        return probs[..., :height, :width], scores

    def _probs(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and maps (N, K, H, W), outputs (N, S) of images."""
        dtype = DTYPES[self.settings.precision]
        with torch.autocast(
            inputs.device.type, dtype, enabled=dtype is not None
        ):
            features = self.extract_feat(inputs)
            logits = self._logits(features, inputs.shape[2:])
            outputs = [
                head.probs(head(features))
                for head in self.image_heads.values()
            ]
            maps = [
                resize_logits(head(features), inputs.shape[2:], False)
                for name, head in self.map_heads.items()
                if name == self.map_name
            ]
        logits = logits.float()
        # A sigmoid would make a probability of inf; this makes it nan.
        broken = 0 * logits.sum((1, 2, 3), keepdim=True)
        probs = self.task.probabilities(logits).add_(broken)
        if maps:
            values = kind_of(self.map_name).activate(maps[0].float())
            probs = torch.cat([probs, values], 1)
        scores = torch.cat([inputs.new_empty(len(inputs), 0), *outputs], 1)
        return probs, scores.float()

    @property
    def has_presence(self) -> bool:
        """Whether a head tells if an image is empty."""
        heads = self.image_heads.values()
        return any('presence' in head.keys for head in heads)

    def pool_outputs(self, outputs: Tensor) -> Tensor:
        """Row of an image; see ``pool`` of the image heads."""
        rows = [head.pool(own) for head, own in self._by_head(outputs)]
        return torch.cat(rows) if rows else outputs.mean(0)

    def image_scores(self, outputs: Tensor) -> dict[str, Any]:
        """What the image heads say of an image; see their ``read``."""
        scores: dict[str, Any] = {}
        for head, own in self._by_head(outputs):
            scores.update(head.read(own))
        return scores

    def _by_head(self, outputs: Tensor) -> Iterator[tuple[Any, Tensor]]:
        """Each image head and its part of outputs (…, S)."""
        heads = list(self.image_heads.values())
        parts = outputs.split([head.out_channels for head in heads], -1)
        return zip(heads, parts, strict=True)

    @torch.no_grad()
    def predict(
        self, inputs: Tensor, data_samples: Samples | None = None
    ) -> Samples:
        """Predict preprocessed images at the size of the inputs.

        For callers that normalise themselves; a test goes through
        :meth:`test_step`.

        Args:
            inputs: (N, C, H, W) preprocessed images.
            data_samples: N samples, which are filled; None makes new ones.

        Returns:
            N samples as :meth:`predict_images` fills them.
        """
        samples = data_samples or [SegDataSample() for _ in inputs]
        outputs = zip(samples, *self._probs(inputs), strict=True)
        return [
            self.finish(sample, probs, self.image_scores(scores))
            for sample, probs, scores in outputs
        ]
