"""Several segmentors as one."""

from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModel
from mmengine.runner import load_checkpoint
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical.engine.checkpoint import check_meta, check_weights
from mmseg_medical.errors import InputError
from mmseg_medical.models.segmentors.prediction import ImagePredictor
from mmseg_medical.models.segmentors.settings import TestSettings, padded_to
from mmseg_medical.models.smp_keys import rename_smp_keys


@MODELS.register_module()
class EnsembleSegmentor(ImagePredictor, BaseModel):
    """Weighted mean of the probabilities of several segmentors.

    Members see the same windows and views, each with its own normalisation,
    and are merged window by window: memory and reading are those of one.
    Where all have the same ``image_heads``, their outputs are averaged too.

    Args:
        members: Configs of :class:`MedicalSegmentor`, of one task and number
            of classes.
        checkpoints: File or address of the checkpoint of each member, loaded
            at once; None where one checkpoint with keys ``members.0.…`` is
            loaded later.
        weights: Weight of each member, above 0; None weighs all alike.
        test_cfg: As of :class:`MedicalSegmentor`, without ``precision``; those
            of the members are not used, but for their ``precision``.
        init_cfg: Initialisation of the weights.

    Raises:
        InputError: If members are no segmentors with a task, or differ in it
            or in their classes, or ``checkpoints``,
            ``weights`` or ``test_cfg`` do not fit them.

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
        members: Sequence[dict[str, Any]],
        *,
        checkpoints: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
        test_cfg: dict[str, Any] | None = None,
        data_preprocessor: Any = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.members = nn.ModuleList(MODELS.build(cfg) for cfg in members)
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
        self.checkpoints = list(checkpoints or ())
        self.classes: Any = None  # that the members were trained for
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
        self.settings = TestSettings(**(test_cfg or {}))
        self.settings.check_model(
            self.task,
            has_presence=self._one_kind and self.members[0].has_presence,
            divisors=[padded_to(m.data_preprocessor) for m in self.members],
        )

    def _load(self) -> None:
        """Load the members' checkpoints, which are of the same labels."""
        if len(self.checkpoints) != len(self.members):
            raise InputError(
                f'an ensemble has one checkpoint for each of '
                f'{len(self.members)} members, got {self.checkpoints}'
            )
        for member, path in zip(self.members, self.checkpoints, strict=True):
            loaded = load_checkpoint(member, path, map_location='cpu')
            weights = dict(loaded.get('state_dict', loaded))
            rename_smp_keys(member, weights, '')
            check_weights(weights, member, path)
            meta = loaded.get('meta', {})
            check_meta(meta, member.task.name, self.classes, path)
            trained = meta.get('dataset_meta') or {}
            self.classes = self.classes or trained.get('classes')

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
        precision = [m.settings.precision for m in self.members]
        return dict(super().record, precision=precision, members=self.weights)

    def window_probs(self, windows: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean over the members; see :class:`ImagePredictor`."""
        probs: Any = 0
        scores: Any = 0
        for member, weight in zip(self.members, self.weights, strict=True):
            one, outputs = member.window_probs(windows)
            probs = probs + weight * one
            if self._one_kind:
                scores = scores + weight * outputs
        if not self._one_kind:
            scores = probs.new_empty(len(windows), 0)
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
