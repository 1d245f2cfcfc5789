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
from mmseg_medical.models.smp_keys import rename_smp_keys
from mmseg_medical.models.task import TASKS

Samples = list[SegDataSample]


@MODELS.register_module()
class MedicalSegmentor(EncoderDecoder):
    """Backbone, neck and heads of MMSegmentation, with a task.

    The task decides what the channels mean, once for loss, prediction, test
    time augmentation and metric. Heads are called for their ``forward`` only;
    their ``loss_decode`` is applied here, to logits at the size of the mask
    and to the task's target.

    Args:
        task: ``'binary'``, ``'multiclass'`` or ``'multilabel'``.
        backbone: Config of the backbone.
        decode_head: Config of a head of MMSegmentation, with ``loss_decode``.
        neck: Config of the neck.
        auxiliary_head: Config or list of configs of further heads, which
            take part in the loss only.
        train_cfg: Not used; kept for MMSegmentation's config grammar.
        test_cfg: ``mode`` ``'whole'`` or ``'slide'`` with ``crop_size`` and
            ``stride`` (height, width); ``mask_thr`` (default 0.5), the
            probability above which a pixel belongs to a class.
        data_preprocessor: Config of the preprocessor.
        pretrained: Weights of the backbone.
        init_cfg: Initialisation of the weights.

    Raises:
        InputError: If the task is unknown, a head contradicts it, or
            ``mask_thr`` is outside of [0, 1].

    Example:
        >>> model = dict(
        ...     type='MedicalSegmentor',
        ...     task='binary',
        ...     backbone=dict(type='MixVisionTransformer'),
        ...     decode_head=dict(type='SegformerHead', num_classes=2),
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
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | None = None,
        pretrained: str | None = None,
        init_cfg: Any = None,
    ) -> None:
        if task not in TASKS:
            raise InputError(f'task is one of {sorted(TASKS)}, got {task!r}')
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            neck=neck,
            auxiliary_head=auxiliary_head,
            train_cfg=train_cfg,
            test_cfg=ConfigDict(mode='whole', mask_thr=0.5),
            data_preprocessor=data_preprocessor,
            pretrained=pretrained,
            init_cfg=init_cfg,
        )
        self.test_cfg.update(test_cfg or {})
        if not 0 <= self.test_cfg.mask_thr <= 1:
            raise InputError(
                f'model.test_cfg.mask_thr is {self.test_cfg.mask_thr}, '
                'expected a probability in [0, 1]'
            )
        for head in self._heads().values():
            TASKS[task](head.num_classes, head.out_channels)
            if type(head).loss_by_feat is not BaseDecodeHead.loss_by_feat:
                raise InputError(
                    f'{type(head).__name__} computes its loss itself; '
                    'MedicalSegmentor takes heads with a loss_decode only'
                )
        self.task = TASKS[task](self.num_classes, self.out_channels)
        self.register_load_state_dict_pre_hook(rename_smp_keys)
        self.backbone.register_load_state_dict_pre_hook(inflate_first_conv)

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

    @property
    def postprocess(self) -> dict[str, Any]:
        """What turns probabilities into labels; kept in checkpoints."""
        return dict(mask_thr=float(self.test_cfg.mask_thr))

    def loss(self, inputs: Tensor, data_samples: Samples) -> dict[str, Tensor]:
        """Losses of all heads.

        Args:
            inputs: (N, C, H, W) preprocessed images.
            data_samples: N samples with ``gt_sem_seg``.

        Returns:
            Scalars by name, as ``decode.loss_ce``.
        """
        features = self.extract_feat(inputs)
        gt = torch.stack([sample.gt_sem_seg.data for sample in data_samples])
        losses: dict[str, Tensor] = {}
        for prefix, head in self._heads().items():
            logits = _resize(head(features), gt.shape[2:], head.align_corners)
            task = type(self.task)(head.num_classes, head.out_channels)
            target = task.target(gt)
            terms = head.loss_decode
            for term in terms if isinstance(terms, nn.ModuleList) else [terms]:
                key = f'{prefix}.{term.loss_name}'
                value = term(logits, target, ignore_index=head.ignore_index)
                losses[key] = losses[key] + value if key in losses else value
        return losses

    def encode_decode(
        self, inputs: Tensor, batch_img_metas: list[dict[str, Any]]
    ) -> Tensor:
        """Logits (N, C, H, W) at the size of the inputs (N, C, H, W)."""
        logits = self.decode_head(self.extract_feat(inputs))
        return _resize(logits, inputs.shape[2:], self.align_corners)

    def image_logits(
        self, inputs: Tensor, data_samples: Samples
    ) -> list[Tensor]:
        """Logits of each image at its size before padding.

        Args:
            inputs: (N, C, H, W) preprocessed images.
            data_samples: N samples.

        Returns:
            N tensors (out_channels, h, w).
        """
        metas = [dict(sample.metainfo) for sample in data_samples]
        for meta in metas:
            meta.setdefault('ori_shape', inputs.shape[2:])
        logits = self.inference(inputs, metas)
        height, width = inputs.shape[2:]
        out = []
        for one, meta in zip(logits, metas, strict=True):
            padding = meta.get('img_padding_size', (0, 0, 0, 0))
            left, right, top, bottom = padding
            out.append(one[:, top : height - bottom, left : width - right])
        return out

    def image_probs(self, logits: Tensor, shape: tuple[int, int]) -> Tensor:
        """Probabilities (C, H, W) at (height, width) from logits (C, h, w)."""
        logits = _resize(logits[None], shape, self.align_corners)[0]
        return self.task.probabilities(logits.float())

    def finish(self, sample: SegDataSample, probs: Tensor) -> SegDataSample:
        """Put probabilities and the labels they make into a sample."""
        labels = self.task.labels(probs, self.test_cfg.mask_thr)
        sample.set_data(
            dict(
                seg_probs=PixelData(data=probs),
                pred_sem_seg=PixelData(data=labels),
            )
        )
        return sample

    def predict(
        self, inputs: Tensor, data_samples: Samples | None = None
    ) -> Samples:
        """Predict at the original size of each image.

        Args:
            inputs: (N, C, H, W) preprocessed images.
            data_samples: N samples, which are filled; None makes new ones,
                for images that were neither resized nor padded.

        Returns:
            N samples with ``seg_probs`` (C, H, W) in [0, 1], one channel of
            foreground for ``binary``; and ``pred_sem_seg``, uint8: (1, H, W)
            class indices, or (C, H, W) of 0 and 1 for ``multilabel``.
        """
        if data_samples is None:
            data_samples = [SegDataSample() for _ in inputs]
        all_logits = self.image_logits(inputs, data_samples)
        return [
            self.finish(
                sample,
                self.image_probs(
                    logits, sample.metainfo.get('ori_shape', logits.shape[1:])
                ),
            )
            for logits, sample in zip(all_logits, data_samples, strict=True)
        ]


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
