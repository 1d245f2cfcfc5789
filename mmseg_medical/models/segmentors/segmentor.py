"""The segmentor of every task."""

from typing import Any

import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.models import EncoderDecoder
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.first_conv import inflate_first_conv
from mmseg_medical.models.segmentors.mixing import (
    both_masks,
    check_mixed,
    is_mixed,
    pad_planes,
)
from mmseg_medical.models.segmentors.prediction import (
    DTYPES,
    ImagePredictor,
    Samples,
    TestSettings,
)
from mmseg_medical.models.smp_keys import rename_smp_keys
from mmseg_medical.models.task import TASKS, Task


@MODELS.register_module()
class MedicalSegmentor(ImagePredictor, EncoderDecoder):
    """Backbone, neck and heads of MMSegmentation, with a task.

    The task decides what the channels mean, once for loss, prediction, test
    time augmentation and metric. Heads are called for their ``forward`` only;
    their ``loss_decode`` is applied here, to logits at the size of the mask
    and to the task's target. Heads that compute a loss of their own
    (``EncHead``, ``PIDHead`` …) do so where channels exclude each other.

    Args:
        task: ``'binary'``, ``'multiclass'`` or ``'multilabel'``.
        backbone: Config of the backbone.
        decode_head: Config of a head of MMSegmentation, with ``loss_decode``.
        neck: Config of the neck.
        auxiliary_head: Config or list of configs of further heads, which
            take part in the loss only.
        image_heads: Configs by name of heads that say something of the image
            as a whole: :class:`PresenceHead`, :class:`CategoryHead`,
            :class:`QuantityHead`.
        train_cfg: Not used; kept for MMSegmentation's config grammar.
        test_cfg: Arguments of
            :class:`mmseg_medical.models.segmentors.prediction.TestSettings`.
        data_preprocessor: Config of the preprocessor.
        pretrained: Weights of the backbone.
        init_cfg: Initialisation of the weights.

    Raises:
        InputError: If the task is unknown, a head contradicts it, or
            ``test_cfg`` says what cannot be.

    Example:
        >>> model = dict(
        ...     type='MedicalSegmentor',
        ...     task='binary',
        ...     backbone=dict(type='MixVisionTransformer'),
        ...     decode_head=dict(type='SegformerHead', num_classes=2),
        ...     test_cfg=dict(
        ...         mode='slide', crop_size=(512, 512), stride=(384, 384)
        ...     ),
        ... )
    """

    def __init__(
        self,
        task: str,
        backbone: dict[str, Any],
        decode_head: dict[str, Any],
        *,
        neck: dict[str, Any] | None = None,
        auxiliary_head: Any = None,
        image_heads: dict[str, dict[str, Any]] | None = None,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | None = None,
        pretrained: str | None = None,
        init_cfg: Any = None,
    ) -> None:
        if task not in TASKS:
            raise InputError(f'task is one of {sorted(TASKS)}, got {task!r}')
        if not isinstance(decode_head, dict):
            raise InputError(
                'model.decode_head is a list: cascades (CascadeEncoderDecoder)'
                ' have no task; take its last head alone'
            )
        if classes := decode_head.get('num_classes'):
            # The head itself would speak of its own arguments only.
            channels = decode_head.get('out_channels') or classes
            TASKS[task](classes, channels)
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            neck=neck,
            auxiliary_head=auxiliary_head,
            train_cfg=train_cfg,
            test_cfg=ConfigDict(test_cfg or {}),
            data_preprocessor=data_preprocessor,
            pretrained=pretrained,
            init_cfg=init_cfg,
        )
        self.tasks = {
            name: self._task_of(task, head)
            for name, head in self._heads().items()
        }
        self.task = self.tasks['decode']
        self.image_heads = nn.ModuleDict(
            {name: MODELS.build(cfg) for name, cfg in image_heads.items()}
            if image_heads
            else {}
        )
        self.settings = TestSettings(**self.test_cfg)
        self._check_settings()
        self.register_load_state_dict_pre_hook(rename_smp_keys)
        self.backbone.register_load_state_dict_pre_hook(inflate_first_conv)

    @staticmethod
    def _task_of(name: str, head: BaseDecodeHead) -> Task:
        """The task at the channels of a head."""
        if not isinstance(head, BaseDecodeHead):
            raise InputError(
                f'{type(head).__name__} does not classify pixels by channels '
                'of logits; take a head that derives from BaseDecodeHead'
            )
        task = TASKS[name](head.num_classes, head.out_channels)
        if _own_loss(head) and not task.exclusive:
            raise InputError(
                f'{type(head).__name__} computes its loss itself, and for '
                'classes that exclude each other: it takes '
                "task='multiclass', or task='binary' with out_channels=2"
            )
        return task

    def _check_settings(self) -> None:
        thresholds = self.settings.mask_thr
        if isinstance(thresholds, list) and len(thresholds) != (
            self.task.planes
        ):
            raise InputError(
                f'model.test_cfg.mask_thr has {len(thresholds)} thresholds, '
                f'task={self.task.name!r} has {self.task.planes} channels of '
                'probabilities; give one for each, or a single number'
            )
        has_presence = any(
            'presence' in head.keys for head in self.image_heads.values()
        )
        if self.settings.gate_thr is not None and not has_presence:
            raise InputError(
                'model.test_cfg.gate_thr needs a head that tells whether an '
                "image is empty: image_heads=dict(presence=dict(type='"
                "PresenceHead', in_channels=…))"
            )
        crop = self.settings.grid.crop_size
        padding = getattr(self.data_preprocessor, 'test_cfg', None) or {}
        divisor = padding.get('size_divisor') or 1
        if crop and any(side % divisor for side in crop):
            raise InputError(
                f'model.test_cfg.crop_size {tuple(crop)} is no multiple of '
                f'{divisor}, the stride of the network (data_preprocessor.'
                'test_cfg.size_divisor): every window would be padded'
            )

    def _heads(self) -> dict[str, BaseDecodeHead]:
        """All heads by the prefix of their losses."""
        heads = {'decode': self.decode_head}
        if self.with_auxiliary_head:
            aux = self.auxiliary_head
            if isinstance(aux, nn.ModuleList):
                heads.update((f'aux_{k}', head) for k, head in enumerate(aux))
            else:
                heads['aux'] = aux
        return heads

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
        features = self.extract_feat(inputs)
        losses: dict[str, Tensor] = {}
        for name, head in self._heads().items():
            terms = self._head_loss(name, head, features, data_samples)
            losses.update((f'{name}.{k}', v) for k, v in terms.items())
        for name, head in self.image_heads.items():
            losses[f'{name}.loss'] = head.loss(
                head(features), data_samples, self.task
            )
        self._check_finite(losses, data_samples)
        return losses

    def _head_loss(
        self,
        name: str,
        head: BaseDecodeHead,
        features: Any,
        samples: Samples,
    ) -> dict[str, Tensor]:
        terms = head.loss_decode
        terms = terms if isinstance(terms, nn.ModuleList) else [terms]
        mixed = any(map(is_mixed, samples))
        if mixed:
            own = [head] if _own_loss(head) else terms
            check_mixed([*own, *self.image_heads.values()], samples)
        if _own_loss(head):
            # MMSegmentation's own losses take masks of int64.
            samples = [sample.clone() for sample in samples]
            for sample in samples:
                mask = sample.gt_sem_seg.data.long()
                sample.gt_sem_seg = PixelData(data=mask)
            return head.loss(features, samples, self.train_cfg)
        gt = torch.stack([sample.gt_sem_seg.data for sample in samples])
        logits = _resize(head(features), gt.shape[2:], head.align_corners)
        extra = {}
        if 'seg_weight' in samples[0]:
            # The preprocessor pads images and masks, but not these.
            weights = [pad_planes(s.seg_weight.data, gt) for s in samples]
            extra['weight'] = torch.cat(weights)
        elif mixed:
            logits, gt, extra['weight'] = both_masks(logits, gt, samples)
        target = self.tasks[name].target(gt)
        losses: dict[str, Tensor] = {}
        for term in terms:
            value = term(
                logits, target, ignore_index=head.ignore_index, **extra
            )
            key = term.loss_name
            losses[key] = losses[key] + value if key in losses else value
        return losses

    def _check_finite(
        self, losses: dict[str, Tensor], samples: Samples
    ) -> None:
        sums = [value.detach().float().sum() for value in losses.values()]
        total = torch.stack(sums)
        if total.isfinite().all():
            return
        names = [str(s.get('img_id', s.get('img_path'))) for s in samples]
        values = {k: float(v.mean()) for k, v in losses.items()}
        raise InputError(
            f'the loss is {values} for images {", ".join(names)}; look at '
            'them and their masks, lower the learning rate, or clip the '
            'gradients (optim_wrapper.clip_grad)'
        )

    def encode_decode(
        self, inputs: Tensor, batch_img_metas: list[dict[str, Any]]
    ) -> Tensor:
        """Logits (N, C, H, W) at the size of the inputs (N, C, H, W)."""
        return self._logits(self.extract_feat(inputs), inputs.shape[2:])

    def _logits(self, features: Any, size: Any) -> Tensor:
        if _own_loss(self.decode_head):
            metas = [dict(img_shape=tuple(size), pad_shape=tuple(size))]
            logits = self.decode_head.predict(features, metas, self.test_cfg)
        else:
            logits = self.decode_head(features)
        return _resize(logits, size, self.align_corners)

    def window_probs(self, windows: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Probabilities of windows; see :class:`ImagePredictor`."""
        height, width = windows[0].shape[1:]
        batch = dict(inputs=list(windows), data_samples=[])
        inputs = self.data_preprocessor(batch, False)['inputs']
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
        probs = self.task.probabilities(logits.float())
        scores = torch.cat([inputs.new_empty(len(windows), 0), *outputs], 1)
        return probs[..., :height, :width], scores.float()

    def image_scores(self, outputs: Tensor) -> dict[str, Any]:
        """What the image heads say of an image; see their ``read``."""
        scores: dict[str, Any] = {}
        for head in self.image_heads.values():
            own, outputs = outputs.tensor_split([head.out_channels], 1)
            scores.update(head.read(own))
        return scores

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
        probs = self.task.probabilities(self.encode_decode(inputs, []).float())
        return [
            self.finish(sample, one, {})
            for sample, one in zip(samples, probs, strict=True)
        ]


def _own_loss(head: BaseDecodeHead) -> bool:
    return type(head).loss_by_feat is not BaseDecodeHead.loss_by_feat


def _resize(logits: Tensor, size: Any, align_corners: bool) -> Tensor:
    """Bilinear resize of (N, C, h, w) to (height, width)."""
    if logits.shape[2:] == tuple(size):
        return logits
    return resize(
        logits,
        size=tuple(size),
        mode='bilinear',
        align_corners=align_corners,
        warning=False,
    )
