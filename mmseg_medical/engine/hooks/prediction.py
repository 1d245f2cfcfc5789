"""What a test leaves behind: probability maps and pictures."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from mmseg_medical._files import inside, replacing
from mmseg_medical.converters.lineage import lineage_of
from mmseg_medical.converters.probability_maps import (
    ProbabilityMaps,
    file_digest,
)
from mmseg_medical.datasets.listing import listing, sample_name
from mmseg_medical.errors import InputError
from mmseg_medical.visualization.instances import draw_instances
from mmseg_medical.visualization.overlay import draw_overlay

# Metadata that are no facts of the image.
_NO_META = {'img_path', 'img_id', 'image_scores', 'flip', 'flip_direction'}


@HOOKS.register_module()
class SaveProbabilitiesHook(Hook):
    """Write the probabilities of each test image.

    The folder is one of
    :class:`mmseg_medical.converters.probability_maps.ProbabilityMaps`. Maps
    are written whole, so those that a killed test has left are taken as its
    predictions, and it goes on with the others.

    Args:
        out_dir: Folder to write to; maps of another model, of other settings
            or of other data there are refused.
        bits: 8 or 16 for each probability.

    Raises:
        InputError: If the folder holds other maps, or the model is no
            :class:`MedicalSegmentor`.
    """

    def __init__(self, out_dir: str, *, bits: int = 8) -> None:
        self.out_dir = Path(out_dir)
        self.bits = bits
        self.metas: dict[str, dict[str, Any]] = {}  # by file

    def after_load_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        self.metas[str(runner._load_from)] = checkpoint.get('meta', {})

    def before_test(self, runner: Any) -> None:
        model, origin = runner.model, {}
        while not hasattr(model, 'postprocess'):
            origin.update(getattr(model, 'record', {}))
            model = getattr(model, 'module', None)
            if model is None:
                raise InputError(
                    '--out keeps the seg_probs of a MedicalSegmentor, the '
                    'model of this config is another; set model.type to '
                    "'MedicalSegmentor' and model.task"
                )
        dataset = runner.test_dataloader.dataset
        origin.update(
            model.record,
            **origins(
                [runner._load_from, *getattr(model, 'checkpoints', ())],
                {**self.metas, **getattr(model, 'metas', {})},
            ),
            dataset=type(dataset).__name__,
            ann_file=str(getattr(dataset, 'ann_file', '')),
            data_prefix=dict(getattr(dataset, 'data_prefix', None) or {}),
            pipeline=runner.cfg.test_dataloader.dataset.get('pipeline'),
        )
        self.maps = ProbabilityMaps(
            self.out_dir,
            ids=[
                sample_name(dataset.get_data_info(k))
                for k in range(len(dataset))
            ],
            task=model.task.name,
            classes=dataset.metainfo['classes'],
            postprocess=model.postprocess,
            origin=origin,
            bits=self.bits,
            images=listing(dataset),
        )
        if is_main_process():
            self.maps.start()
        barrier()
        there = len(self.maps.ids) - len(self.maps.missing())
        if there:
            model.recall = self._recall
            print_log(
                f'{self.out_dir} has {there} of {len(self.maps.ids)} maps of '
                'this test already; they are not predicted again',
                logger='current',
            )

    def _recall(
        self, sample: Any
    ) -> tuple[torch.Tensor, dict[str, Any]] | None:
        name = sample_name(sample)
        if not self.maps.path(name).is_file():
            return None
        stored = self.maps.read(name).astype(np.float32)
        probs = torch.from_numpy(stored / np.float32(self.maps.levels))
        return probs, self.maps.scores(name)

    def after_test_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] = (),
    ) -> None:
        for sample in outputs:
            name = sample_name(sample)
            if not self.maps.path(name).is_file():
                probs = sample.seg_probs.data.cpu().numpy()
                scores = sample.get('image_scores', {})
                self.maps.write(
                    name, probs, scores=scores, meta=facts_of(sample)
                )


def facts_of(sample: Any) -> dict[str, Any]:
    """What is known of the image of a sample, as its organ."""
    aside = _NO_META | {*sample.get('image_scores', {})}
    return {k: v for k, v in sample.metainfo_items() if k not in aside}


def origins(
    files: Sequence[str | None], metas: Mapping[str, Any]
) -> dict[str, Any]:
    """Names of checkpoints, and what they say of their training.

    Args:
        files: Files or addresses of the weights; None stands for none.
        metas: ``meta`` of each file, by its name.

    Returns:
        ``checkpoints``, names with digests in the order of the files, and
        ``lineage`` by these names.
    """
    names = {file: _identity(file) for file in files if file}
    return dict(
        checkpoints=[names[file] for file in files if file],
        lineage={
            name: lineage_of(metas.get(str(file), {}))
            for file, name in names.items()
        },
    )


def _identity(checkpoint: str) -> str:
    """Name and digest of a file of weights, or its address."""
    if not os.path.isfile(checkpoint):
        return checkpoint
    return f'{os.path.basename(checkpoint)} {file_digest(checkpoint)}'


def _draw(img: Any, sample: Any) -> Any:
    """Outlines of instances where a sample has some, else its mask."""
    kind = 'inst_map' if 'pred_inst_map' in sample else 'sem_seg'
    pred, gt = (
        None if found is None else found.data.cpu().numpy()
        for found in map(sample.get, (f'pred_{kind}', f'gt_{kind}'))
    )
    if kind == 'sem_seg':
        return draw_overlay(img, pred, gt)
    return draw_instances(img, pred[0], None if gt is None else gt[0])


@HOOKS.register_module()
class OverlayHook(Hook):
    """Draw the prediction over each test image.

    Where the mask is known, hits are green, false positives red and misses
    blue; else the prediction is green. Of instances outlines are drawn.

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
            picture = _draw(img.permute(1, 2, 0).cpu().numpy(), sample)
            name = sample_name(sample)
            if self.out_dir is not None:
                _, jpeg = cv2.imencode('.jpg', picture)
                path = inside(self.folder, f'{name}.jpg')
                with replacing(path) as temporary:
                    temporary.write_bytes(jpeg.tobytes())
            if self.show:
                runner.visualizer.show(
                    cv2.cvtColor(picture, cv2.COLOR_BGR2RGB),
                    win_name=name,
                    wait_time=self.wait_time,
                )
