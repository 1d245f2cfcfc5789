"""Several segmentors as one."""

import glob
import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_medical._configs import config_path
from mmseg_medical.errors import InputError
from mmseg_medical.models.segmentors.gate import Gate
from mmseg_medical.models.segmentors.prediction import ImagePredictor
from mmseg_medical.models.segmentors.settings import TestSettings, padded_to
from mmseg_medical.models.weights import load_weights

PARTS = ('members', 'checkpoints', 'weights')  # of a gate


@MODELS.register_module()
class EnsembleSegmentor(ImagePredictor, BaseModel):
    """Weighted mean of the probabilities of several segmentors.

    Members see the same windows and views, each with its own normalisation,
    and are merged window by window: memory and reading are those of one.
    Where all have the same ``image_heads``, their outputs are averaged too.

    Args:
        members: Configs of :class:`MedicalSegmentor`, of one task and number
            of classes; or files of configs, whose ``model`` it is, also by
            their path below ``configs/`` of this package.
        checkpoints: File or address of the checkpoint of each member, or a
            pattern that is that of one file, as ``'work_dirs/a/best_*.pth'``;
            loaded at once. None where one checkpoint with keys
            ``members.0.…`` is loaded later.
        weights: Weight of each member, above 0; None weighs all alike.
        gate: Further networks that decide which classes an image has at all,
            as a dict of ``members``, ``checkpoints``, ``weights``, and of the
            arguments of :class:`mmseg_medical.models.segmentors.gate.Gate`.
            The probabilities of other classes become 0 before they are
            written or thresholded.
        test_cfg: As of :class:`MedicalSegmentor`, without ``precision``; those
            of the members are not used, but for their ``precision``.
        init_cfg: Initialisation of the weights.

    Raises:
        InputError: If members are no segmentors with a task, or differ in it
            or in their classes, or ``checkpoints``, ``weights``, ``gate`` or
            ``test_cfg`` do not fit them.

    Example:
        >>> model = dict(
        ...     type='EnsembleSegmentor',
        ...     members=[segformer, unet],
        ...     checkpoints=['segformer.pth', 'unet.pth'],
        ...     weights=[2, 1],
        ...     test_cfg=dict(mask_thr=0.4),
        ... )
    """

    def __init__(
        self,
        members: Sequence[dict[str, Any] | str],
        *,
        checkpoints: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
        gate: Mapping[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        data_preprocessor: Any = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.members = nn.ModuleList(
            MODELS.build(_config(cfg)) for cfg in members
        )
        if not len(self.members) or not all(
            isinstance(member, ImagePredictor) for member in self.members
        ):
            raise InputError(
                'members of an ensemble are one MedicalSegmentor or more, got '
                f'{[type(member).__name__ for member in self.members]}'
            )
        kinds = {
            (m.task.name, m.task.planes, m.num_classes) for m in self.members
        }
        if len(kinds) != 1:
            raise InputError(
                'members of an ensemble have one task and number of classes, '
                f'got (task, channels, classes) {sorted(kinds)}'
            )
        if 'precision' in (test_cfg or {}):
            raise InputError(
                'precision is that of each member of an ensemble: set it in '
                'test_cfg of the members'
            )
        self.checkpoints = [_file(path) for path in checkpoints or ()]
        self.classes: Any = None  # that the members were trained for
        self.metas: dict[str, dict[str, Any]] = {}  # by checkpoint
        if checkpoints is not None:
            self._load()
        weights = list(weights or [1.0] * len(self.members))
        if len(weights) != len(self.members) or min(weights) <= 0:
            raise InputError(
                f'an ensemble has one weight above 0 for each of '
                f'{len(self.members)} members, got {weights}'
            )
        self.weights = [w / sum(weights) for w in weights]
        self.task = self.members[0].task
        self.num_classes = self.members[0].num_classes
        self._add_gate(gate)
        self.settings = TestSettings(**(test_cfg or {}))
        self.settings.check_model(
            self.task,
            has_presence=self._one_kind and self.members[0].has_presence,
            divisors=[padded_to(m.data_preprocessor) for m in self._networks],
        )

    @property
    def _networks(self) -> list[Any]:
        """All members, and those of the gate."""
        keepers = self.gatekeeper.members if self.gatekeeper else ()
        return [*self.members, *keepers]

    def _add_gate(self, cfg: Mapping[str, Any] | None) -> None:
        self.gate = self.gatekeeper = None
        if cfg is None:
            return
        parts = {k: cfg[k] for k in PARTS if k in cfg}
        own = {k: v for k, v in cfg.items() if k not in parts}
        if unknown := own.keys() - {'mask_thr', 'min_size'}:
            raise InputError(
                f'model.gate.{min(unknown)} is no setting; expected some of '
                f'{", ".join(PARTS)}, mask_thr, min_size'
            )
        self.gate = Gate(**own)
        self.gatekeeper = EnsembleSegmentor(**parts)
        here, there = (
            (m.task.name, m.num_classes, m.classes)
            for m in (self, self.gatekeeper)
        )
        known = None not in (here[2], there[2])
        if here[:2] != there[:2] or (known and here != there):
            raise InputError(
                'the gate of an ensemble is of its task and classes: model.'
                f'members are of {here}, model.gate.members of {there}'
            )
        if self.task.name == 'multiclass':
            raise InputError(
                "model.gate is for task='binary' and 'multilabel', whose "
                'classes can be left out one by one'
            )
        self.checkpoints += self.gatekeeper.checkpoints
        self.metas |= self.gatekeeper.metas

    def _load(self) -> None:
        """Load the members' checkpoints, which are of the same labels."""
        if len(self.checkpoints) != len(self.members):
            raise InputError(
                f'an ensemble has one checkpoint for each of '
                f'{len(self.members)} members, got {self.checkpoints}'
            )
        for member, path in zip(self.members, self.checkpoints, strict=True):
            meta = load_weights(member, path, classes=self.classes)
            trained = meta.get('dataset_meta') or {}
            self.classes = self.classes or trained.get('classes')
            self.metas[path] = meta

    @property
    def _one_kind(self) -> bool:
        """Whether all members say the same of an image as a whole."""
        kinds = {
            tuple(
                (name, type(head), head.out_channels)
                for name, head in member.image_heads.items()
            )
            for member in self.members
        }
        return len(kinds) == 1

    @property
    def record(self) -> dict[str, Any]:
        """What decides the probabilities, beside the weights of networks."""
        precision = [m.settings.precision for m in self._networks]
        found = dict(super().record, precision=precision, members=self.weights)
        if self.gate is not None:
            found['gate'] = dict(
                self.gate.record, members=self.gatekeeper.weights
            )
        return found

    def finish(
        self, sample: SegDataSample, probs: Tensor, scores: dict[str, Any]
    ) -> SegDataSample:
        """Close the gate; see :class:`ImagePredictor`."""
        planes = self.task.planes
        if len(probs) > planes:  # what a killed test has left is gated
            probs, sizes = self.gate(probs[:planes], probs[planes:])
            scores = dict(scores, gate_sizes=sizes)
        return super().finish(sample, probs, scores)

    def window_probs(self, windows: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean over the members; see :class:`ImagePredictor`.

        With a gate, the planes of its members are below those of the classes.
        """
        probs: Any = 0
        scores: Any = 0
        for member, weight in zip(self.members, self.weights, strict=True):
            one, outputs = member.window_probs(windows)
            probs = probs + weight * one
            if self._one_kind:
                scores = scores + weight * outputs
        if not self._one_kind:
            scores = probs.new_empty(len(windows), 0)
        if self.gatekeeper is not None:
            seen, _ = self.gatekeeper.window_probs(windows)
            probs = torch.cat([probs, seen], 1)
        return probs, scores

    def pool_outputs(self, outputs: Tensor) -> Tensor:
        """Row of an image; see :class:`ImagePredictor`."""
        if not self._one_kind:
            return super().pool_outputs(outputs)
        row: Tensor = self.members[0].pool_outputs(outputs)
        return row

    def image_scores(self, outputs: Tensor) -> dict[str, Any]:
        """What the members say together; see :class:`ImagePredictor`."""
        if not self._one_kind:
            return {}
        scores: dict[str, Any] = self.members[0].image_scores(outputs)
        return scores

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Not used: members are trained one by one.

        Raises:
            InputError: Always.
        """
        raise InputError(
            'an ensemble is tested, not trained; train its members'
        )


def _config(member: dict[str, Any] | str) -> dict[str, Any]:
    """Config of a member, which may be the model of a file."""
    if not isinstance(member, str):
        return member
    path = member if os.path.isfile(member) else config_path(member)
    model: dict[str, Any] = Config.fromfile(path).model
    return model


def _file(path: str) -> str:
    """The one file of a pattern, or the file or address as it is.

    Raises:
        InputError: If there are none or several.
    """
    if '*' not in path:
        return path
    found = sorted(glob.glob(path))
    if len(found) != 1:
        raise InputError(
            f'checkpoint {path} is {len(found)} files, {found[:3]}; an '
            'ensemble has one for each member'
        )
    return found[0]
