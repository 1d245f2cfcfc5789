"""Test a model from a config and a checkpoint."""

from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from mmseg_medical.engine.checkpoint import use_safe_loading
from mmseg_medical.errors import InputError


def test(
    cfg: Config,
    checkpoint: str | None = None,
    *,
    tta: bool = False,
    out: str | None = None,
    out_bits: int = 8,
    instances: str | None = None,
    postprocess: str | None = None,
    show: bool = False,
    show_dir: str | None = None,
    wait_time: float = 2,
    trust_checkpoint: bool = False,
) -> dict[str, float]:
    """Test a model on ``test_dataloader``.

    Scores go to ``work_dir``, with a table per image in ``per_image.csv``.

    Args:
        cfg: Config with ``work_dir`` and ``launcher``; it is changed.
        checkpoint: File or address of the weights; None where the model has
            ``checkpoints``, as an :class:`EnsembleSegmentor`.
        tta: Merge the views of ``cfg.tta_model``.
        out: Folder for probability maps, one TIFF per image.
        out_bits: 8 or 16 for each probability.
        instances: Folder for the instances of each image, one OME-TIFF with
            ids and scores per image.
        postprocess: A ``postprocess.json``, which makes the masks; by default
            ``cfg.postprocess``, a file or a list of steps.
        show: Show each prediction in a window.
        show_dir: Folder for pictures; a relative one lies in
            ``work_dir/<time>``, as in MMSegmentation.
        wait_time: Seconds to show each picture for.
        trust_checkpoint: Load checkpoints that hold more than weights.

    Returns:
        Scores by name.

    Raises:
        InputError: If the checkpoint or the post-processing does not fit the
            config, or something in config or data is wrong.
    """
    use_safe_loading(trust=trust_checkpoint)
    if checkpoint is None and not cfg.model.get('checkpoints'):
        raise InputError(
            'there are no weights to test: name a checkpoint, or set '
            'model.checkpoints of an EnsembleSegmentor'
        )
    cfg.load_from = checkpoint
    if tta:
        use_tta(cfg)
    # What an earlier test wrote is not to be taken for the scores of this.
    table = Path(cfg.work_dir, 'per_image.csv')
    if is_main_process():
        table.unlink(missing_ok=True)
    for evaluator in evaluators_of(cfg):
        add_table(evaluator, table)
    hooks = list(cfg.get('custom_hooks') or [])
    postprocess = postprocess or cfg.get('postprocess')
    if postprocess:
        hooks.append(
            dict(type='mmseg.PostprocessHook', postprocess=postprocess)
        )
    if out:
        hooks.append(
            dict(
                type='mmseg.SaveProbabilitiesHook', out_dir=out, bits=out_bits
            )
        )
    if instances:
        hooks.append(dict(type='mmseg.SaveInstancesHook', out_dir=instances))
    if show or show_dir:
        hooks.append(
            dict(
                type='mmseg.OverlayHook',
                out_dir=show_dir,
                show=show,
                wait_time=wait_time,
            )
        )
    cfg.custom_hooks = hooks
    return Runner.from_cfg(cfg).test()


def use_tta(cfg: Config) -> None:
    """Let a config merge the views of its ``tta_model``.

    Raises:
        InputError: If it has none.
    """
    if 'tta_model' not in cfg:
        raise InputError(
            '--tta needs tta_model in the config, as  tta_model = dict(type='
            "'MedicalTTAModel', views='d4')"
        )
    if 'tta_pipeline' in cfg:  # of models that make views of loaded files
        cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = ConfigDict(cfg.tta_model, module=cfg.model)


def evaluators_of(cfg: Config) -> list[Any]:
    """Configs of the metrics of a test."""
    evaluators = cfg.get('test_evaluator') or []
    return evaluators if isinstance(evaluators, list) else [evaluators]


def add_table(evaluator: Any, path: Path) -> None:
    """Let a metric write its table per image, if it has none."""
    kind = evaluator.get('type')
    if getattr(kind, '__name__', str(kind)).endswith('OverlapMetric'):
        evaluator.setdefault('csv_file', str(path))
