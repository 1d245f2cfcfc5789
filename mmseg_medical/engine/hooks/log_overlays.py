"""Predictions of a few images, to be watched while a training goes on."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_medical.engine.hooks.prediction import sample_name
from mmseg_medical.engine.wrapping import trains
from mmseg_medical.errors import InputError
from mmseg_medical.visualization.overlay import Image, draw_overlay, shrink


@HOOKS.register_module()
class LogOverlaysHook(Hook):
    """Log the prediction over a few validation images, always the same.

    Hits are green, false positives red, misses blue, another class yellow;
    outlines of the mask are white. The validation data are cut into
    ``num_images`` equal parts, and the first image of each part that has
    foreground is drawn, or its last one where none has. Each goes to all
    backends of the visualizer as ``overlay_<id>`` at its iteration, and one
    at a time is in memory, in its small size. Of several processes the main
    one draws what it has validated.

    Args:
        num_images: At most so many images; 0 for none.
        interval: Draw in every n-th validation, from the first on.
        max_size: Pixels of the longer side; larger images are reduced.
        ignore_index: Label of pixels to leave out.

    Raises:
        InputError: If an argument is out of range.

    Example:
        >>> default_hooks = dict(
        ...     overlays=dict(type='LogOverlaysHook', num_images=8)
        ... )
    """

    def __init__(
        self,
        num_images: int = 4,
        *,
        interval: int = 1,
        max_size: int = 512,
        ignore_index: int = 255,
    ) -> None:
        for name, value, least in (
            ('num_images', num_images, 0),
            ('interval', interval, 1),
            ('max_size', max_size, 16),
        ):
            if value < least:
                raise InputError(
                    f'LogOverlaysHook: {name} is {value}, expected {least} or '
                    'more'
                )
        self.num_images = num_images
        self.interval = interval
        self.max_size = max_size
        self.ignore_index = ignore_index
        self._validations = 0
        self._open: set[int] = set()  # parts without their image

    def before_val(self, runner: Any) -> None:
        due = self._validations % self.interval == 0 and is_main_process()
        self._open = set(range(self.num_images)) if due else set()
        self._validations += 1

    def after_val_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] = (),
    ) -> None:
        batches = len(runner.val_dataloader)
        part, following = (
            k * self.num_images // batches for k in (batch_idx, batch_idx + 1)
        )
        if part not in self._open:
            return
        chosen = [k for k, one in enumerate(outputs) if self._positive(one)]
        if not chosen and following > part:  # the last chance
            chosen = [0]
        if chosen:
            self._open.remove(part)
            self._log(
                runner, data_batch['inputs'][chosen[0]], outputs[chosen[0]]
            )

    def _positive(self, sample: Any) -> bool:
        gt = sample.get('gt_sem_seg')
        if gt is None:
            return False
        return bool(((gt.data != 0) & (gt.data != self.ignore_index)).any())

    def _log(self, runner: Any, img: torch.Tensor, sample: Any) -> None:
        gt = sample.get('gt_sem_seg')
        picture: Image = draw_overlay(
            shrink(img.permute(1, 2, 0).cpu().numpy(), self.max_size),
            self._few(sample.pred_sem_seg.data),
            None if gt is None else self._few(gt.data),
            ignore_index=self.ignore_index,
        )
        name = sample_name(sample).replace('/', '_').replace('\\', '_')
        runner.visualizer.add_image(
            f'overlay_{name}',
            cv2.cvtColor(picture, cv2.COLOR_BGR2RGB),
            step=runner.iter if trains(runner) else 0,
        )

    def _few(self, labels: torch.Tensor) -> np.ndarray[Any, Any]:
        """Every n-th label (C, h, w) of a large image."""
        step = max(1, max(labels.shape[1:]) // (2 * self.max_size))
        return labels[:, ::step, ::step].cpu().numpy()
