"""Checkpoints that never cost the one before."""

import os
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop
from mmseg.registry import HOOKS

from mmseg_medical._files import replacing
from mmseg_medical.engine.checkpoint import check_meta, check_weights
from mmseg_medical.models.smp_keys import rename_smp_keys

# Scores that are better where they are greater; of distances the less is.
GREATER = ('dice', 'iou', 'score', 'sensitivity', 'specificity')


class _RemoveLater:
    """File backend that removes files only when told to."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._outdated: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self._outdated.append(path)

    def flush(self, keep: set[str | None]) -> None:
        for path in self._outdated:
            if path not in keep and self._backend.isfile(path):
                self._backend.remove(path)
        self._outdated.clear()


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """mmengine's checkpoint hook, safe against full disks and kills.

    A checkpoint is written beside its place and then moved there; outdated
    ones are removed after the new one is whole, not before. Checkpoints carry
    the task, the classes and the post-processing of the model, and are
    refused for testing or resuming with others. ``rule`` of ``save_best`` need
    not be said for the scores of this package.

    Args:
        partial_start: Let a training start (``load_from``) from a checkpoint
            that lacks weights of the model or has some in another shape, as
            those of a head with other classes; they start random.
        kwargs: Arguments of :class:`mmengine.hooks.CheckpointHook`.

    Example:
        >>> default_hooks = dict(
        ...     checkpoint=dict(
        ...         type='SafeCheckpointHook',
        ...         interval=1000,
        ...         max_keep_ckpts=1,
        ...         save_best='dice_per_image',
        ...     )
        ... )
    """

    def __init__(self, *, partial_start: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault('backend_args', dict(backend='AtomicBackend'))
        greater = (*self._default_greater_keys, *GREATER)
        kwargs.setdefault('greater_keys', greater)
        super().__init__(**kwargs)
        self.partial_start = partial_start

    def _init_rule(
        self, rules: list[str | None], key_indicators: list[str]
    ) -> None:
        if len(rules) == 1:
            rules = rules * len(key_indicators)
        known = [
            rule or ('less' if 'hausdorff' in key else None)
            for rule, key in zip(rules, key_indicators, strict=True)
        ]
        super()._init_rule(known, key_indicators)

    def before_train(self, runner: Any) -> None:
        super().before_train(runner)
        self.file_backend = _RemoveLater(self.file_backend)

    def before_save_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        model = unwrapped(runner.model)
        if hasattr(model, 'task'):
            checkpoint['meta']['task'] = model.task.name
            checkpoint['meta']['postprocess'] = model.postprocess

    def after_load_checkpoint(
        self, runner: Any, checkpoint: dict[str, Any]
    ) -> None:
        model = unwrapped(runner.model)
        path = str(runner._load_from)
        weights = dict(checkpoint.get('state_dict', checkpoint))
        if hasattr(model, 'decode_head'):
            rename_smp_keys(model, weights, '')
        training = isinstance(runner._train_loop, BaseLoop)  # built by train()
        if training and not runner._resume:  # of any task
            check_weights(
                weights,
                model,
                path,
                partial=self.partial_start,
                instead='name another file in load_from, or let them be by '
                'default_hooks.checkpoint.partial_start=True',
            )
            return
        check_weights(weights, model, path)
        loop = runner.train_loop if training else runner.test_loop
        check_meta(
            checkpoint.get('meta', {}),
            getattr(getattr(model, 'task', None), 'name', None),
            loop.dataloader.dataset.metainfo.get('classes'),
            path,
        )

    def _save_checkpoint_with_step(
        self, runner: Any, step: int, meta: dict[str, Any]
    ) -> None:
        super()._save_checkpoint_with_step(runner, step, meta)
        self._flush(runner)

    def _save_best_checkpoint(
        self, runner: Any, metrics: dict[str, Any]
    ) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self._flush(runner)

    def _flush(self, runner: Any) -> None:
        if is_main_process():
            best = getattr(self, 'best_ckpt_path', None)
            bests = getattr(self, 'best_ckpt_path_dict', {})
            self.file_backend.flush({self.last_ckpt, best, *bests.values()})
            if self.last_ckpt:
                note = os.path.join(runner.work_dir, 'last_checkpoint')
                with replacing(note) as temporary:
                    temporary.write_text(self.last_ckpt)


def unwrapped(model: Any) -> Any:
    """The segmentor within a distributed wrapper or a TTA model."""
    while is_model_wrapper(model) or not hasattr(model, 'backbone'):
        if not hasattr(model, 'module'):
            break
        model = model.module
    return model


def checkpoint_hooks(runner: Any) -> list[CheckpointHook]:
    """Hooks of a runner that write checkpoints."""
    return [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]


def best_scores(runner: Any) -> dict[str, float]:
    """The best score of a training by each name that chooses a checkpoint."""
    found = {}
    for hook in checkpoint_hooks(runner):
        names = getattr(hook, 'key_indicators', None) or []
        for name in names:
            key = 'best_score' if len(names) == 1 else f'best_score_{name}'
            value = runner.message_hub.runtime_info.get(key)
            if value is not None:
                found[name] = float(value)
    return found
