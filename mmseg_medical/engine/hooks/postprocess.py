"""Masks of a test by the steps that were found for its model."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmseg.registry import HOOKS

from mmseg_medical.engine.hooks.checkpoint import unwrapped
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import Pipeline, read_pipeline


def pipeline_of_slices(
    postprocess: str | Sequence[Mapping[str, Any]], **model: Any
) -> Pipeline:
    """Pipeline that makes the masks of one image after another.

    Args:
        postprocess: A ``postprocess.json``, or steps.
        model: ``task``, ``labels`` and ``dataset`` of :func:`read_pipeline`,
            whose errors are those of this function.

    Raises:
        InputError: If a step needs all slices of a volume.
    """
    pipeline = read_pipeline(postprocess, **model)
    if pipeline.volume_step is not None:
        raise InputError(
            'smooth_presence needs all slices of a volume, a test sees one '
            'after another; write maps by --out, and then the submission by  '
            'tools/submission.py … --postprocess'
        )
    return pipeline


@HOOKS.register_module()
class PostprocessHook(Hook):
    """Let a pipeline make the masks of a test.

    It takes the place of ``mask_thr`` and ``gate_thr`` of ``test_cfg``; maps
    of probabilities stay as they are.

    Args:
        postprocess: A ``postprocess.json``, or steps as
            :class:`mmseg_medical.postprocessing.Pipeline` takes them.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is for another task, other classes or other data, a
            step cannot be, or the model is no :class:`MedicalSegmentor`.

    Example:
        >>> custom_hooks = [
        ...     dict(
        ...         type='PostprocessHook',
        ...         postprocess=[dict(type='threshold', mask_thr=0.4)],
        ...     )
        ... ]
    """

    def __init__(self, postprocess: str | Sequence[Mapping[str, Any]]) -> None:
        self.postprocess = postprocess

    def before_test(self, runner: Any) -> None:
        model = unwrapped(runner.model)
        if not hasattr(model, 'pipeline'):
            raise InputError(
                'postprocess makes masks of the seg_probs of a '
                f'MedicalSegmentor, the model is a {type(model).__name__}'
            )
        dataset = runner.test_dataloader.dataset
        task = model.task.name
        pipeline = pipeline_of_slices(
            self.postprocess,
            task=task,
            labels=dataset.metainfo['classes'][task != 'multilabel' :],
            dataset=type(dataset).__name__,
        )
        names = ', '.join(step.name for step in pipeline.steps)
        print_log(f'masks are made by {names}', logger='current')
        model.pipeline = pipeline

    def after_test(self, runner: Any) -> None:
        unwrapped(runner.model).pipeline = None
