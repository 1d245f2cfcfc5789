"""Train and test all folds; what is done already is not done again."""

import contextlib
import dataclasses
import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import barrier, init_dist, is_distributed, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import METRICS

from mmseg_medical._files import locked
from mmseg_medical.apis.folds import validation_data
from mmseg_medical.apis.notes import digests, shared_note, write_note
from mmseg_medical.apis.test import evaluators_of, test
from mmseg_medical.apis.train import train
from mmseg_medical.converters.probability_maps import (
    ProbabilityMaps,
    file_digest,
)
from mmseg_medical.engine.checkpoint import latest_checkpoint
from mmseg_medical.engine.hooks import AverageCheckpointsHook
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.metrics import MedicalMetric

TRAINED = 'trained.json'
TESTED = 'tested.json'


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoldRun:
    """How folds are trained and tested.

    Args:
        load: Loads the config of a fold, with its ``work_dir``; it is called
            anew for each step, as each changes its config.
        amp: Train in mixed precision.
        pretrained: False starts from random weights.
        tta: Merge the views of ``tta_model`` in the tests.
        out: Folder for out-of-fold probability maps.
        out_bits: 8 or 16 for each probability.
        trust_checkpoint: Load checkpoints that hold more than weights.
    """

    load: Callable[[int], Config]
    amp: bool = False
    pretrained: bool = True
    tta: bool = False
    out: str | None = None
    out_bits: int = 8
    trust_checkpoint: bool = False

    def run(self, fold: int) -> dict[str, float]:
        """Train a fold as far as it is not, and test its best checkpoint.

        The test is one of the held-out part. A fold that was trained, or
        tested, in the same way before is not trained, or tested, again.

        Args:
            fold: Number of the fold.

        Returns:
            Scores by name.

        Raises:
            InputError: If the fold was trained with other settings, another
                process works on it, or as :func:`train` and :func:`test`.
        """
        cfg = self.load(fold)
        _start_processes(cfg)
        with _alone(cfg.work_dir):
            checkpoint = self._trained(cfg, fold)
            gc.collect()
            torch.cuda.empty_cache()
            return self._tested(self.load(fold), fold, checkpoint)

    def _trained(self, cfg: Config, fold: int) -> str:
        """Checkpoint to test, after training where it is needed."""
        note = Path(cfg.work_dir, TRAINED)
        settings = {
            'amp': self.amp,
            'pretrained': self.pretrained,
            'split': _split_digest(cfg),
            **digests(cfg, _OF_TRAINING, aside=('test_cfg',)),
        }
        state = shared_note(note)
        if state is not None:
            differ = [
                k for k in settings if state['settings'].get(k) != settings[k]
            ]
            if differ:
                raise InputError(
                    f'{cfg.work_dir} was trained with other settings of '
                    f'{", ".join(differ)}; choose another --work-dir, or '
                    f'remove {note} and its checkpoints to train it again'
                )
            checkpoint = Path(cfg.work_dir, state['checkpoint'])
            if not checkpoint.is_file():
                raise InputError(
                    f'{checkpoint} is gone; remove {note} to train fold '
                    f'{fold} again'
                )
            print_log(f'fold {fold} is trained: {checkpoint}')
            return str(checkpoint)
        _name(cfg, f'fold_{fold}')
        runner = train(
            cfg,
            resume=True,
            amp=self.amp,
            pretrained=self.pretrained,
            trust_checkpoint=self.trust_checkpoint,
        )
        best = Path(best_checkpoint(runner))
        write_note(note, dict(settings=settings, checkpoint=best.name))
        return str(best)

    def _tested(
        self, cfg: Config, fold: int, checkpoint: str
    ) -> dict[str, float]:
        note = Path(cfg.work_dir, TESTED)
        settings = {
            'tta': self.tta,
            'checkpoint': file_digest(checkpoint),
            **digests(cfg, ('tta_model',) * self.tta + _OF_TESTING),
        }
        out = self.out and str(Path(self.out, Path(cfg.work_dir).name))
        kept = results_files(cfg)
        state = shared_note(note)
        if (
            state is not None
            and state['settings'] == settings
            and all(path.is_file() for path in kept.values())
            and (out is None or ProbabilityMaps.is_complete(out))
        ):
            print_log(f'fold {fold} is tested')
            return state['scores']
        for k, path in kept.items():
            evaluators_of(cfg)[k].results_file = str(path)
        _name(cfg, f'fold_{fold}_test')
        scores = test(
            cfg,
            checkpoint,
            tta=self.tta,
            out=out,
            out_bits=self.out_bits,
            trust_checkpoint=self.trust_checkpoint,
        )
        write_note(note, dict(settings=settings, scores=scores))
        return scores


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
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
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


_OF_TRAINING = (
    *('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'),
    *('param_scheduler', 'randomness', 'load_from', 'custom_hooks'),
)
_OF_TESTING = ('model', 'test_dataloader', 'test_evaluator')


def results_files(cfg: Config) -> dict[int, Path]:
    """Where each metric of a test keeps what it measured, by its place.

    Metrics of others keep nothing.
    """
    files = {}
    for k, evaluator in enumerate(evaluators_of(cfg)):
        kind = METRICS.get(evaluator.get('type', ''))
        if isinstance(kind, type) and issubclass(kind, MedicalMetric):
            files[k] = Path(cfg.work_dir, f'results_{k}.pth')
    return files


def _split_digest(cfg: Config) -> str | None:
    path = validation_data(cfg).split_file()
    return path and file_digest(path)


def _name(cfg: Config, step: str) -> None:
    """Name a run: two of one name in one second would share their logs."""
    cfg.experiment_name = f'{Path(cfg.filename).stem}_{step}'


def _start_processes(cfg: Config) -> None:
    if cfg.launcher != 'none' and not is_distributed():
        init_dist(cfg.launcher, **cfg.get('env_cfg', {}).get('dist_cfg', {}))


@contextlib.contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Keep another run of the same fold out."""
    with locked(folder) if is_main_process() else contextlib.nullcontext():
        barrier()
        yield
