"""What a test leaves behind: probability maps and pictures."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_medical._files import replacing
from mmseg_medical.converters.tiff import write_tiff
from mmseg_medical.visualization.overlay import draw_overlay


def sample_name(sample: Any) -> str:
    """Name of a sample, unique in its data set: its id, or its path."""
    name = sample.get('img_id')
    if name is None:
        name = os.path.splitext(sample.img_path)[0].lstrip('./\\')
    return str(name)


@HOOKS.register_module()
class SaveProbabilitiesHook(Hook):
    """Write the probabilities of each test image as TIFF.

    One file per image, named by its id: (C, H, W) uint8, probability x 255,
    in tiles, with classes, task and threshold in its metadata.

    Args:
        out_dir: Folder to write to.
    """

    def __init__(self, out_dir: str) -> None:
        self.out_dir = Path(out_dir)

    def after_test_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] = (),
    ) -> None:
        model = runner.model
        while not hasattr(model, 'postprocess') and hasattr(model, 'module'):
            model = model.module
        classes = runner.test_dataloader.dataset.metainfo['classes']
        for sample in outputs:
            probs = sample.seg_probs.data.cpu().numpy()
            name = sample_name(sample)
            write_tiff(
                self.out_dir / f'{name}.tiff',
                np.floor(probs * 255 + 0.5).astype(np.uint8),
                metadata=dict(
                    id=name,
                    task=model.task.name,
                    classes=list(classes),
                    **model.postprocess,
                ),
            )


@HOOKS.register_module()
class OverlayHook(Hook):
    """Draw the prediction over each test image.

    Where the mask is known, hits are green, false positives red and misses
    blue; else the prediction is outlined.

    Args:
        out_dir: Folder to write JPEG files to, or None; a relative one lies
            in ``work_dir/<time of the run>``.
        show: Show each picture in a window.
        wait_time: Seconds to show it for.
    """

    def __init__(
        self,
        out_dir: str | None = None,
        *,
        show: bool = False,
        wait_time: float = 2,
    ) -> None:
        self.out_dir = out_dir
        self.show = show
        self.wait_time = wait_time

    def before_test(self, runner: Any) -> None:
        if self.out_dir is not None:
            self.folder = Path(runner.work_dir, runner.timestamp, self.out_dir)

    def after_test_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] = (),
    ) -> None:
        for img, sample in zip(data_batch['inputs'], outputs, strict=True):
            gt = sample.get('gt_sem_seg')
            picture = draw_overlay(
                img.permute(1, 2, 0).cpu().numpy(),
                sample.pred_sem_seg.data.cpu().numpy(),
                None if gt is None else gt.data.cpu().numpy(),
            )
            name = sample_name(sample)
            if self.out_dir is not None:
                _, jpeg = cv2.imencode('.jpg', picture)
                with replacing(self.folder / f'{name}.jpg') as temporary:
                    temporary.write_bytes(jpeg.tobytes())
            if self.show:
                runner.visualizer.show(
                    cv2.cvtColor(picture, cv2.COLOR_BGR2RGB),
                    win_name=name,
                    wait_time=self.wait_time,
                )
