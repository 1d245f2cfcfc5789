"""A training that is done once: what is done already is not done again."""

import time
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.dist import broadcast_object_list
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmseg_medical.apis.folds import chosen_by, dataset_configs
from mmseg_medical.apis.notes import digests, shared_note, write_note
from mmseg_medical.apis.train import alone, train
from mmseg_medical.converters.probability_maps import file_digest
from mmseg_medical.engine.checkpoint import latest_checkpoint
from mmseg_medical.engine.hooks import AverageCheckpointsHook
from mmseg_medical.engine.hooks.checkpoint import best_scores, checkpoint_hooks
from mmseg_medical.errors import InputError

NOTE = 'trained.json'
_OF_TRAINING = (
    *('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'),
    *('param_scheduler', 'randomness', 'custom_hooks'),
)


class Trained(NamedTuple):
    """What a training has left.

    Attributes:
        checkpoint: File of the weights to test.
        iterations: Number of iterations.
        scores: Best score of the validations, by its name.
        seconds: Time since the training was started, or resumed last.
    """

    checkpoint: str
    iterations: int
    scores: dict[str, float]
    seconds: float


def train_once(
    cfg: Config,
    *,
    resume: bool = True,
    amp: bool = False,
    pretrained: bool = True,
    trust_checkpoint: bool = False,
) -> Trained:
    """Train, unless that was done with the same settings.

    Args:
        cfg: Config with ``work_dir`` and ``launcher``; it is changed.
        resume: Go on where an earlier run was stopped; False starts anew,
            also where one has come to its end.
        amp: As of :func:`train`.
        pretrained: As of :func:`train`.
        trust_checkpoint: As of :func:`train`.

    Raises:
        InputError: If the folder was trained with other settings, the
            checkpoint is gone, or as :func:`train`.
    """
    with alone(cfg):
        path = Path(cfg.work_dir, NOTE)
        settings = _settings(cfg, amp=amp, pretrained=pretrained)
        if resume:
            if note := shared_note(path):
                return _found(note, settings, path)
        else:
            path.unlink(missing_ok=True)
        begin = time.monotonic()
        runner = train(
            cfg,
            resume=resume,
            amp=amp,
            pretrained=pretrained,
            trust_checkpoint=trust_checkpoint,
        )
        trained = Trained(
            best_checkpoint(runner),
            runner.iter,
            best_scores(runner),
            round(time.monotonic() - begin, 1),
        )
        # Only the main process knows which checkpoint is the best.
        found = [trained]
        broadcast_object_list(found)
        (trained,) = found
        named = trained._replace(checkpoint=Path(trained.checkpoint).name)
        write_note(path, dict(settings=settings, **named._asdict()))
        return trained


def _settings(cfg: Config, **arguments: Any) -> dict[str, Any]:
    """What decides the weights that come out."""
    start = cfg.get('load_from')
    if start and Path(start).is_file():
        start = file_digest(start)
    splits = {
        str(path): file_digest(path)
        for config in dataset_configs(cfg.train_dataloader)
        for path in chosen_by(config)
    }
    return {
        **arguments,
        'load_from': start,
        'split': sorted(splits.values()),
        **digests(cfg, _OF_TRAINING, aside=('test_cfg',)),
    }


def _found(
    note: dict[str, Any], settings: dict[str, Any], path: Path
) -> Trained:
    """What an earlier run has left, if it was one of the same settings."""
    there = note['settings']
    differ = [key for key in settings if there.get(key) != settings[key]]
    if differ:
        raise InputError(
            f'{path.parent} was trained with other settings of '
            f'{", ".join(differ)}; choose another --work-dir, or remove '
            f'{path} and its checkpoints to train it again'
        )
    checkpoint = path.parent / note['checkpoint']
    if not checkpoint.is_file():
        raise InputError(
            f'{checkpoint} is gone; remove {path} to train it again'
        )
    print_log(f'{path.parent} is trained: {checkpoint}', logger='current')
    note = {key: note[key] for key in Trained._fields}
    return Trained(**{**note, 'checkpoint': str(checkpoint)})


def best_checkpoint(runner: Runner) -> str:
    """The checkpoint of a training to test.

    The average of the best, where :class:`AverageCheckpointsHook` has made
    it, else the best one, else the last. Where several scores choose a best
    one, the first of them counts.

    Args:
        runner: Runner that has trained.

    Raises:
        InputError: If it has written none.
    """
    for hook in runner.hooks:
        if isinstance(hook, AverageCheckpointsHook) and hook.path:
            return hook.path
    for hook in checkpoint_hooks(runner):
        several = getattr(hook, 'best_ckpt_path_dict', None) or {}
        for path in (
            getattr(hook, 'best_ckpt_path', None),
            *several.values(),
        ):
            if path and Path(path).is_file():
                return str(path)
    latest = latest_checkpoint(runner.work_dir)
    if latest is None:
        raise InputError(
            f'{runner.work_dir} has no checkpoint to test; the config needs '
            'default_hooks.checkpoint'
        )
    print_log(f'no best checkpoint was chosen: {latest} is the last')
    return latest
