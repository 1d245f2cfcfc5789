"""Train and test all folds; what is done already is not done again."""

import dataclasses
import gc
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmseg.registry import METRICS

from mmseg_medical.apis.notes import digests, shared_note, write_note
from mmseg_medical.apis.stages import train_stages
from mmseg_medical.apis.test import evaluators_of, test
from mmseg_medical.apis.train import alone
from mmseg_medical.apis.trained import train_once
from mmseg_medical.converters.probability_maps import (
    ProbabilityMaps,
    file_digest,
)
from mmseg_medical.evaluation.metrics import MedicalMetric

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
        with alone(cfg):
            checkpoint = self._trained(cfg, fold)
            gc.collect()
            torch.cuda.empty_cache()
            return self._tested(self.load(fold), fold, checkpoint)

    def _trained(self, cfg: Config, fold: int) -> str:
        """Checkpoint to test, after training where it is needed."""
        how = dict(
            resume=True,
            amp=self.amp,
            pretrained=self.pretrained,
            trust_checkpoint=self.trust_checkpoint,
        )
        if cfg.get('stages'):
            return [*train_stages(cfg, **how).values()][-1].checkpoint
        _name(cfg, f'fold_{fold}')
        return train_once(cfg, **how).checkpoint

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


_OF_TESTING = ('model', 'test_dataloader', 'test_evaluator', 'postprocess')


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


def _name(cfg: Config, step: str) -> None:
    """Name a run: two of one name in one second would share their logs."""
    cfg.experiment_name = f'{Path(cfg.filename).stem}_{step}'
