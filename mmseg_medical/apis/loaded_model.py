"""A model with its weights, ready for images that it has not seen."""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS, TRANSFORMS
from numpy.typing import NDArray

from mmseg_medical.apis.config import drop_pretrained, read_config
from mmseg_medical.apis.model_files import ModelFiles
from mmseg_medical.apis.test import use_tta
from mmseg_medical.converters._label_images import palette
from mmseg_medical.converters.confidence import Thresholds, per_class
from mmseg_medical.engine.checkpoint import use_safe_loading
from mmseg_medical.engine.hooks.postprocess import pipeline_of_slices
from mmseg_medical.engine.hooks.prediction import origins
from mmseg_medical.errors import InputError
from mmseg_medical.models.feature_maps import in_channels
from mmseg_medical.models.segmentors.prediction import ImagePredictor
from mmseg_medical.models.weights import load_weights

# Transforms of a test that read or make masks.
_OF_MASKS = (
    *('LoadAnnotations', 'LoadMaskRegion', 'LoadInstancesRegion'),
    *('GenerateBorderMap', 'GenerateDistanceMap'),
)
_SAME = ('classes', 'pipeline', 'stack')


@dataclasses.dataclass
class LoadedModel:
    """A segmentor, or several as one, and what its images go through.

    Attributes:
        network: What has ``test_step``.
        segmentor: The segmentor in it.
        classes: Names of the classes.
        colours: (R, G, B) of each class.
        pipeline: Configs of the transforms of a test, without masks.
        stack: ``num`` and ``stride`` of the slices that it sees at once.
        dataset: Class of the data set that it was trained on.
        origin: Weights and settings that decide the probabilities.
        steps: Steps that make masks of them; None for thresholds.
    """

    network: Any
    segmentor: Any
    classes: list[str]
    colours: list[tuple[int, ...]]
    pipeline: list[dict[str, Any]]
    stack: dict[str, int]
    dataset: str
    origin: dict[str, Any]
    steps: Any = None

    @property
    def task(self) -> str:
        """``'binary'``, ``'multiclass'`` or ``'multilabel'``."""
        name: str = self.segmentor.task.name
        return name

    @property
    def labels(self) -> list[str]:
        """Names of the classes that have a mask: all but a background."""
        return self.classes[self.task != 'multilabel' :]

    @property
    def channels(self) -> int:
        """Number of channels of its images."""
        members = getattr(self.segmentor, 'members', [self.segmentor])
        return in_channels(members[0])

    def masks(self, labels: NDArray[Any]) -> NDArray[np.bool_]:
        """Masks (K, H, W) of :attr:`labels` from labels of the segmentor.

        Args:
            labels: (1, H, W) class indices, or (C, H, W) of 0 and 1.
        """
        if self.task == 'multilabel':
            return labels == 1
        indices = np.arange(1, len(self.classes)).astype(labels.dtype)
        return labels == indices[:, None, None]

    def transforms(self) -> tuple[Any, Any]:
        """The transform that reads an image, and those that follow.

        Raises:
            InputError: If the pipeline does not begin with reading it.
        """
        first, *rest = self.pipeline
        kind = str(first['type'])
        if 'LoadImage' not in kind:
            raise InputError(
                f'the test pipeline begins with {kind}; unlabelled images '
                'need LoadImageRegion there'
            )
        return TRANSFORMS.build(first), Compose(rest)

    def state(self) -> dict[str, Any]:
        """All that decides the masks, to tell models apart."""
        return dict(
            self.origin,
            task=self.task,
            classes=self.classes,
            postprocess=self.steps or self.segmentor.postprocess,
        )


def load_model(
    models: Sequence[ModelFiles],
    *,
    weights: Sequence[float] | None = None,
    device: str | None = None,
    tta: bool = False,
    mask_thr: Thresholds | None = None,
    postprocess: str | None = None,
    channels: int | None = None,
    options: dict[str, Any] | None = None,
    trust_checkpoint: bool = False,
) -> LoadedModel:
    """Build a model and load its weights.

    Args:
        models: Its files; several are an ensemble, whose windows, views and
            thresholds are those of the first.
        weights: Weight of each member of an ensemble; None weighs all alike.
        device: As ``'cuda:1'`` or ``'cpu'``; None takes a GPU where there is
            one.
        tta: Merge the views of ``tta_model`` of the config.
        mask_thr: Probability above which a pixel belongs to a class, one, one
            for each class or by name; None takes that of the model.
        postprocess: A ``postprocess.json``, which makes the masks; None takes
            the one in the folder of the only model, else ``postprocess`` of
            its config; ``'none'`` takes neither.
        channels: ``channels`` of :class:`LoadImageRegion` instead of the
            config's.
        options: Keys of the configs to replace.
        trust_checkpoint: Load checkpoints that hold more than weights.

    Raises:
        FileNotFoundError: If a file does not exist.
        InputError: If the config, the weights, the threshold or the
            post-processing do not fit together, or members of an ensemble
            differ in their classes or in how they load an image.
    """
    use_safe_loading(trust=trust_checkpoint)
    cfgs = [_config(files, options) for files in models]
    cfg, metas = cfgs[0], {}
    if tta and 'tta_pipeline' in cfg and len(cfgs) > 1:
        raise InputError(
            'members of an ensemble with a tta_pipeline are predicted one by '
            'one; average their maps'
        )
    facts = [_facts(one) for one in cfgs]
    _check_alike(models, facts)
    if len(cfgs) > 1:
        cfg.model = _ensemble(models, cfgs, weights)
    elif weights is not None:
        raise InputError('one model needs no weight; remove it')
    if tta:
        use_tta(cfg)
        facts[0] = _facts(cfg)
    drop_pretrained(cfg.model)
    network = MODELS.build(cfg.model)
    segmentor = getattr(network, 'module', network)
    if not isinstance(segmentor, ImagePredictor):
        raise InputError(
            f'{models[0].config} has the model {type(segmentor).__name__}; '
            'images are predicted by a MedicalSegmentor: set model.type and '
            'model.task'
        )
    classes, shown, pipeline, stack, dataset = facts[0].values()
    pipeline = _with_channels(pipeline, channels)
    checkpoint = models[0].checkpoint if len(models) == 1 else None
    if checkpoint is not None:
        metas[checkpoint] = load_weights(
            segmentor, checkpoint, classes=classes
        )
    files = [checkpoint, *getattr(segmentor, 'checkpoints', ())]
    if not any(files):
        raise InputError(
            f'{models[0].config} names no weights; name its checkpoint'
        )
    metas |= getattr(segmentor, 'metas', {})
    for meta in metas.values():
        trained = meta.get('dataset_meta') or {}
        classes = classes or trained.get('classes')
        shown = shown or trained.get('palette')
    _check_classes(segmentor, classes, models[0].config)
    origin = dict(getattr(network, 'record', {}), **segmentor.record)
    origin.update(origins(files, metas), dataset=dataset, pipeline=pipeline)
    model = LoadedModel(
        network=network,
        segmentor=segmentor,
        classes=list(classes),
        colours=_colours(segmentor.task.name, classes, shown),
        pipeline=pipeline,
        stack=stack,
        dataset=dataset,
        origin=origin,
    )
    _decide(model, mask_thr, _steps(models, cfg, postprocess))
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    network.to(device).eval()
    return model


def _config(files: ModelFiles, options: dict[str, Any] | None) -> Config:
    cfg = read_config(files.config, options=options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    if cfg.get('model', {}).get('type') == 'MedicalTTAModel':
        cfg.model = cfg.model.module  # as a test with --tta leaves it
    for key in ('model', 'test_dataloader'):
        if not cfg.get(key):
            raise InputError(f'{files.config} has no {key}')
    return cfg


def _facts(cfg: Config) -> dict[str, Any]:
    """What a config says of its data."""
    dataset = cfg.test_dataloader.dataset
    pipeline = dataset.get('pipeline') or cfg.get('test_pipeline')
    while 'dataset' in dataset or 'datasets' in dataset:  # wrappers
        dataset = dataset.get('dataset') or dataset.datasets[0]
        pipeline = dataset.get('pipeline') or pipeline
    kind = dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    told = {
        **getattr(kind, 'METAINFO', {}),
        **(cfg.test_dataloader.dataset.get('metainfo') or {}),
        **(dataset.get('metainfo') or {}),
    }
    classes = told.get('classes')
    return dict(
        classes=None if classes is None else list(classes),
        palette=told.get('palette'),
        pipeline=[
            step.to_dict() if hasattr(step, 'to_dict') else dict(step)
            for step in pipeline or ()
            if str(step['type']).split('.')[-1] not in _OF_MASKS
        ],
        stack=dict(dataset.get('stack') or {}),
        dataset=getattr(kind, '__name__', str(kind)),
    )


def _check_alike(
    models: Sequence[ModelFiles], facts: Sequence[Mapping[str, Any]]
) -> None:
    for files, one in zip(models, facts, strict=True):
        for key in _SAME:
            if one[key] != facts[0][key]:
                raise InputError(
                    f'{files.config} and {models[0].config} differ in {key} '
                    f'of the test: {one[key]}, {facts[0][key]}. Members of an '
                    'ensemble see the same images; predict with each by '
                    'itself, and average their maps'
                )


def _ensemble(
    models: Sequence[ModelFiles],
    cfgs: Sequence[Config],
    weights: Sequence[float] | None,
) -> dict[str, Any]:
    for files in models:
        if files.checkpoint is None:
            raise InputError(
                f'{files.config} is an ensemble itself, or lacks its '
                'checkpoint; name its members one by one'
            )
    thr = [c.model.get('test_cfg', {}).get('mask_thr', 0.5) for c in cfgs]
    if thr.count(thr[0]) != len(thr):
        raise InputError(
            f'models of the ensemble have the thresholds {thr}; set one for '
            'all by --cfg-options model.test_cfg.mask_thr=0.5'
        )
    settings = copy.deepcopy(cfgs[0].model.get('test_cfg') or {})
    settings.pop('precision', None)
    return dict(
        type='EnsembleSegmentor',
        members=[cfg.model for cfg in cfgs],
        checkpoints=[files.checkpoint for files in models],
        weights=None if weights is None else list(weights),
        test_cfg=settings,
    )


def _check_classes(
    segmentor: Any, classes: Sequence[str] | None, config: str
) -> None:
    if not classes:
        raise InputError(
            f'neither {config} nor the checkpoint names the classes; set '
            "test_dataloader.dataset.metainfo.classes=['background', …]"
        )
    if len(classes) != segmentor.num_classes:
        raise InputError(
            f'{config}: the model has {segmentor.num_classes} classes, its '
            f'data {len(classes)} ({", ".join(classes)})'
        )
    trained = getattr(segmentor, 'classes', None)  # of an ensemble
    if trained and list(trained) != list(classes):
        raise InputError(
            f'the checkpoints were trained for classes {trained}, {config} '
            f'has {list(classes)}'
        )


def _colours(
    task: str, classes: Sequence[str], shown: Sequence[Any] | None
) -> list[tuple[int, ...]]:
    """(R, G, B) of each class."""
    if not shown or len(shown) != len(classes):
        shown = palette(len(classes))[task == 'multilabel' :][: len(classes)]
    return [tuple(colour) for colour in shown]


def _with_channels(
    pipeline: Sequence[dict[str, Any]], channels: int | None
) -> list[dict[str, Any]]:
    if not pipeline:
        raise InputError('the config has no pipeline of a test')
    first, *rest = pipeline
    if channels is None:
        return [first, *rest]
    if 'LoadImageRegion' not in str(first['type']):
        raise InputError(
            'channels is set of LoadImageRegion; the test pipeline begins '
            f'with {first["type"]}'
        )
    return [dict(first, channels=channels), *rest]


def _steps(
    models: Sequence[ModelFiles], cfg: Config, postprocess: str | None
) -> Any:
    """What makes the masks, beside thresholds."""
    if postprocess == 'none':
        return None
    own = None
    if len(models) == 1:
        own = models[0].postprocess or cfg.get('postprocess')
    return postprocess or own


def _decide(model: LoadedModel, mask_thr: Any, steps: Any) -> None:
    """Let thresholds or steps make the masks."""
    if mask_thr is not None and steps is not None:
        raise InputError(
            f'postprocess {steps} has thresholds of its own; drop mask_thr, '
            "or set postprocess='none'"
        )
    if mask_thr is not None:
        if model.task == 'multiclass':
            raise InputError(
                f'mask_thr is {mask_thr}, but the classes '
                f'{", ".join(model.classes)} exclude each other: the most '
                'likely one counts; remove it'
            )
        found = per_class(mask_thr, model.labels, what='mask_thr').tolist()
        model.segmentor.settings.mask_thr = (
            found[0] if len(found) == 1 else found
        )
    if steps is not None:
        pipeline = pipeline_of_slices(
            steps, task=model.task, labels=model.labels, dataset=model.dataset
        )
        model.segmentor.pipeline = pipeline
        model.steps = [
            dict(type=step.name, **step.parameters) for step in pipeline.steps
        ]
