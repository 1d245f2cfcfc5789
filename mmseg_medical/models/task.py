"""What a segmentation task decides: channels, targets, activation, labels."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from mmseg_medical.errors import InputError

Thresholds = float | Sequence[float]


class Task(ABC):
    """Meaning of the channels of a network.

    Args:
        num_classes: ``num_classes`` of the head.
        out_channels: ``out_channels`` of the head.

    Raises:
        InputError: If the numbers contradict the task; the message names the
            key of the config to change.
    """

    name: str

    def __init__(self, num_classes: int, out_channels: int) -> None:
        self.num_classes = num_classes
        self.out_channels = out_channels
        problem = self.contradiction()
        if problem:
            raise InputError(
                f'task={self.name!r} contradicts num_classes={num_classes}, '
                f'out_channels={out_channels}: {problem}'
            )

    @property
    def exclusive(self) -> bool:
        """Whether channels exclude each other and share a softmax."""
        return self.name != 'multilabel' and self.out_channels > 1

    @property
    def planes(self) -> int:
        """Number of channels of :meth:`probabilities`."""
        return 1 if self.name == 'binary' else self.num_classes

    @property
    def gt_planes(self) -> int:
        """Number of planes of a mask: one of class indices, or all."""
        return self.num_classes if self.name == 'multilabel' else 1

    @abstractmethod
    def contradiction(self) -> str:
        """What does not fit and which key to change; '' where all fits."""

    def target(self, gt: Tensor) -> Tensor:
        """Target of the losses.

        Args:
            gt: (N, 1, H, W) class indices, or (N, C, H, W) of 0 and 1 for
                ``multilabel``; 255 where it is to be ignored.

        Returns:
            (N, H, W) int64 where the channels exclude each other, else
            (N, C, H, W) float32.

        Raises:
            InputError: If masks have another number of planes.
        """
        if gt.shape[1] != self.gt_planes:
            raise InputError(
                f'masks have {gt.shape[1]} planes, task={self.name!r} with '
                f'num_classes={self.num_classes} expects {self.gt_planes}; '
                "classes that overlap, one plane each, take task='multilabel'"
            )
        return gt[:, 0].long() if self.exclusive else gt.float()

    def foreground(self, probs: Tensor) -> Tensor:
        """Probability (H, W) of an instance, from (C, H, W) probabilities.

        That of all classes but the background; of classes that overlap, of
        the first one.
        """
        return 1 - probs[0] if self.name == 'multiclass' else probs[0]

    @abstractmethod
    def probabilities(self, logits: Tensor) -> Tensor:
        """Probabilities of the classes that are predicted.

        Args:
            logits: (..., out_channels, H, W).

        Returns:
            (..., 1, H, W) of the foreground for ``binary``, else
            (..., num_classes, H, W); in [0, 1].
        """

    @abstractmethod
    def labels(self, probs: Tensor, mask_thr: Thresholds) -> Tensor:
        """Labels from probabilities; the one place where they are made.

        Args:
            probs: (C, H, W) as :meth:`probabilities` returns them.
            mask_thr: Probability above which a pixel belongs to a class, one
                for all channels or one for each.

        Returns:
            (1, H, W) uint8 class indices; (C, H, W) uint8 of 0 and 1 for
            ``multilabel``.
        """


class BinaryTask(Task):
    """Foreground or not: one channel with sigmoid, or two with softmax."""

    name = 'binary'

    def contradiction(self) -> str:
        if self.num_classes != 2:
            return 'set num_classes=2 (background, foreground)'
        if self.out_channels not in (1, 2):
            return 'set out_channels to 1 or 2'
        return ''

    def probabilities(self, logits: Tensor) -> Tensor:
        if self.out_channels == 2:  # softmax over two, as one sigmoid
            logits = logits[..., 1:, :, :] - logits[..., :1, :, :]
        return logits.sigmoid()

    def labels(self, probs: Tensor, mask_thr: Thresholds) -> Tensor:
        return _above(probs, mask_thr)


class MulticlassTask(Task):
    """One of several classes per pixel: softmax, the most likely class."""

    name = 'multiclass'

    def contradiction(self) -> str:
        if self.num_classes < 2:
            return 'set num_classes to 2 or more'
        if self.out_channels != self.num_classes:
            return 'remove out_channels'
        return ''

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.softmax(-3)

    def labels(self, probs: Tensor, mask_thr: Thresholds) -> Tensor:
        kind = torch.uint8 if self.num_classes <= 256 else torch.int32
        return probs.argmax(0, keepdim=True).to(kind)


class MultilabelTask(Task):
    """Classes that overlap: one sigmoid and one threshold per channel."""

    name = 'multilabel'

    def contradiction(self) -> str:
        if self.out_channels != self.num_classes:
            return 'remove out_channels'
        return ''

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def labels(self, probs: Tensor, mask_thr: Thresholds) -> Tensor:
        return _above(probs, mask_thr)


def _above(probs: Tensor, mask_thr: Thresholds) -> Tensor:
    thresholds = probs.new_tensor(mask_thr).reshape(-1, 1, 1)
    return (probs > thresholds).to(torch.uint8)


TASKS = {t.name: t for t in (BinaryTask, MulticlassTask, MultilabelTask)}
