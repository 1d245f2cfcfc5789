"""What ``model.test_cfg`` says, checked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch

from mmseg_medical.errors import InputError
from mmseg_medical.models.task import Task
from mmseg_medical.models.windows import Grid
from mmseg_medical.postprocessing.instances import build_decoder

DTYPES = {'fp32': None, 'bf16': torch.bfloat16, 'fp16': torch.float16}


class TestSettings:
    """What ``model.test_cfg`` says, checked.

    Args:
        mode: ``'whole'`` or ``'slide'``.
        crop_size: (height, width) of the windows of ``'slide'``.
        stride: (height, width) between them.
        weight: ``'constant'`` or ``'gaussian'`` weight of a window's pixels.
        batch_size: Windows and views in one pass; None takes as many as the
            loader gives images.
        accumulate: ``'device'`` of the model, or ``'cpu'``: where the
            windows of an image are put together.
        precision: ``'fp32'``, ``'bf16'`` or ``'fp16'`` of the network;
            probabilities are merged in fp32.
        mask_thr: Probability above which a pixel belongs to a class, or one
            for each channel of ``seg_probs``.
        gate_thr: Probability of not being empty below which an image has no
            label at all; needs a :class:`PresenceHead`.
        instances: Config of what finds instances, as
            ``dict(type='HVDecoder')``; see
            :mod:`mmseg_medical.postprocessing.instances`.

    Raises:
        InputError: If a key is unknown or a value out of range; the message
            names it.
    """

    __test__ = False  # pytest: not a test

    def __init__(
        self,
        *,
        mode: str = 'whole',
        crop_size: Sequence[int] | None = None,
        stride: Sequence[int] | None = None,
        weight: str = 'constant',
        batch_size: int | None = None,
        accumulate: str = 'device',
        precision: str = 'fp32',
        mask_thr: float | Sequence[float] = 0.5,
        gate_thr: float | None = None,
        instances: Mapping[str, Any] | None = None,
        **unknown: Any,
    ) -> None:
        where = 'model.test_cfg.'
        if unknown:
            raise InputError(
                f'{where}{sorted(unknown)[0]} is no setting; expected some of '
                'mode, crop_size, stride, weight, batch_size, accumulate, '
                'precision, mask_thr, gate_thr, instances'
            )
        for key, value, known in (
            ('mode', mode, ('whole', 'slide')),
            ('accumulate', accumulate, ('device', 'cpu')),
            ('precision', precision, tuple(DTYPES)),
        ):
            if value not in known:
                raise InputError(
                    f'{where}{key} is {value!r}, expected one of {known}'
                )
        if mode == 'slide' and crop_size is None:
            raise InputError(
                f"{where}mode='slide' needs crop_size (height, width)"
            )
        if mode == 'whole' and (crop_size or stride or weight != 'constant'):
            raise InputError(
                f"{where}mode='whole' has no crop_size, stride and weight; "
                "remove them, or set mode='slide'"
            )
        for key, value in (('crop_size', crop_size), ('stride', stride)):
            if value is not None and not _is_size(value):
                raise InputError(
                    f'{where}{key} is {value!r}, expected (height, width), '
                    'two whole numbers of pixels above 0'
                )
        if batch_size is not None and not _is_count(batch_size):
            raise InputError(
                f'{where}batch_size is {batch_size!r}, expected a whole '
                'number above 0'
            )
        listed = isinstance(mask_thr, (list, tuple))
        thresholds = list(mask_thr) if listed else [mask_thr]
        gate = [] if gate_thr is None else [gate_thr]
        if not thresholds:
            raise InputError(f'{where}mask_thr is empty; give a threshold')
        for key, values in (('mask_thr', thresholds), ('gate_thr', gate)):
            for value in values:
                if not (_is_number(value) and 0 <= value <= 1):
                    raise InputError(
                        f'{where}{key} is {value!r}, expected a probability '
                        'in [0, 1]'
                    )
        try:
            self.grid = Grid(
                crop_size and tuple(crop_size),
                stride and tuple(stride),
                weight=weight,
            )
        except ValueError as error:
            raise InputError(f'{where[:-1]}: {error}') from None
        self.batch_size = batch_size
        self.device = 'cpu' if accumulate == 'cpu' else None
        self.precision = precision
        self.mask_thr = thresholds[0] if len(thresholds) == 1 else thresholds
        self.gate_thr = gate_thr
        self.decoder = build_decoder(instances) if instances else None

    @property
    def record(self) -> dict[str, Any]:
        """What of it decides the probabilities."""
        return dict(
            crop_size=self.grid.crop_size,
            stride=self.grid.stride,
            weight=self.grid.weight,
            precision=self.precision,
        )

    def check_model(
        self,
        task: Task,
        *,
        has_presence: bool,
        divisors: Iterable[int],
        maps: Collection[str] = (),
    ) -> None:
        """Check the settings against the model that they are of.

        Args:
            task: What its channels mean.
            has_presence: Whether it has a :class:`PresenceHead`.
            divisors: What the sides of its inputs are padded to multiples
                of, in pixels.
            maps: Names of its map heads.

        Raises:
            InputError: If they do not fit; the message names the key.
        """
        where = 'model.test_cfg.'
        thr, planes = self.mask_thr, task.planes
        if task.name == 'multiclass' and thr != 0.5:
            raise InputError(
                f"{where}mask_thr is {thr}, but the label of task='multiclass'"
                ' is the most likely class, whatever its probability; remove '
                'it'
            )
        if isinstance(thr, list) and len(thr) != planes:
            raise InputError(
                f'{where}mask_thr has {len(thr)} thresholds, task='
                f'{task.name!r} has {planes} channels of probabilities; give '
                'one for each, or a single number'
            )
        if self.gate_thr is not None and not has_presence:
            raise InputError(
                f'{where}gate_thr needs a head that tells whether an image is '
                "empty: image_heads=dict(presence=dict(type='PresenceHead', "
                'in_channels=…))'
            )
        if self.decoder and (name := self.decoder.map_name) not in ('', *maps):
            kind = type(self.decoder).__name__
            raise InputError(
                f'{where}instances is a {kind}, which reads the map of a head '
                f'model.map_heads.{name}; the model has {sorted(maps)}'
            )
        crop = self.grid.crop_size
        for divisor in divisors:
            if crop and any(side % divisor for side in crop):
                raise InputError(
                    f'{where}crop_size {tuple(crop)} is no multiple of '
                    f'{divisor}, the stride of the network (data_preprocessor'
                    '.test_cfg.size_divisor): every window would be padded'
                )


def padded_to(preprocessor: Any) -> int:
    """What a preprocessor pads images of a test to multiples of."""
    padding = getattr(preprocessor, 'test_cfg', None) or {}
    return padding.get('size_divisor') or 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def _is_size(value: Any) -> bool:
    pair = isinstance(value, (list, tuple)) and len(value) == 2
    return pair and all(map(_is_count, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
