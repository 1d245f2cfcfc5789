"""What necks and heads take of a network, found by running it once."""

import functools
import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_medical.errors import InputError
from mmseg_medical.models.backbones.smp_encoder import SMPEncoder

SIDE = 64  # pixels: two at stride 32
Config = dict[str, Any]


class FeatureMaps(NamedTuple):
    """Maps of a network, in their order.

    Attributes:
        channels: Number of channels of each.
        strides: Pixels of the image for one of the map, each.
    """

    channels: list[int]
    strides: list[int]


def in_channels(backbone: nn.Module) -> int:
    """Number of channels of the images that a network takes."""
    convs = (m for m in backbone.modules() if isinstance(m, nn.Conv2d))
    conv = next(convs, None)
    return conv.in_channels if conv else 3


@torch.no_grad()
def find_maps(modules: Sequence[nn.Module]) -> FeatureMaps:
    """Run modules one after another on an empty image of 64².

    They are run as in a test, so that no statistics and no random numbers
    change, and are then as they were.

    Args:
        modules: Backbone, or backbone and neck.

    Raises:
        InputError: If they cannot take such an image, or give no maps.
    """
    backbone = modules[0]
    state = {m: m.training for one in modules for m in one.modules()}
    x: Any = torch.zeros(1, in_channels(backbone), SIDE, SIDE)
    try:
        for module in modules:
            module.eval()  # of MMSegmentation's, some return None
            x = module(x)
    except Exception as error:
        raise InputError(
            f'{type(backbone).__name__} cannot say its channels: an image of '
            f'{SIDE} x {SIDE} pixels raises {type(error).__name__} ({error}); '
            'set in_channels of neck and heads in the config'
        ) from error
    finally:
        for module, training in state.items():
            module.training = training
    maps = list(x) if isinstance(x, (list, tuple)) else [x]
    if not all(isinstance(one, Tensor) and one.ndim == 4 for one in maps):
        raise InputError(
            f'{type(modules[-1]).__name__} gives no list of maps (N, C, H, '
            'W); set in_channels of neck and heads in the config'
        )
    return FeatureMaps(
        [one.shape[1] for one in maps],
        [round(SIDE / one.shape[2]) for one in maps],
    )


class Inputs:
    """Completes configs that say nothing of their inputs.

    Args:
        modules: Backbone, or backbone and neck, that are built already; they
            are run if, and only if, a config needs it.
    """

    def __init__(self, *modules: nn.Module) -> None:
        self.modules = modules

    @functools.cached_property
    def maps(self) -> FeatureMaps:
        """Maps that the modules give."""
        return find_maps(self.modules)

    def neck(self, cfg: Config) -> Config:
        """Config of a neck with ``in_channels`` of all maps.

        Of more maps than its ``num_outs``, the coarsest are taken.
        """
        known = _parameters(cfg)
        if not _lacks(cfg, 'in_channels', known):
            return cfg
        cfg = dict(cfg, in_channels=list(self.maps.channels))
        if 'num_outs' in cfg and _may('start_level', known, cfg):
            start = len(self.maps.channels) - cfg['num_outs']
            cfg['start_level'] = max(start, 0)
        return cfg

    def heads(self, cfgs: Any) -> Any:
        """Config of a head, or a list or dict of them, each completed.

        ``in_channels`` and ``feature_strides`` are those of the maps that
        ``in_index`` chooses; ``encoder_name`` is that of the backbone.

        Raises:
            InputError: If ``in_index`` chooses a map that is not there, or
                the backbone has no ``encoder_name``.
        """
        if isinstance(cfgs, (list, tuple)):
            return [self.heads(cfg) for cfg in cfgs]
        if not isinstance(cfgs, dict):
            return cfgs
        if 'type' not in cfgs:
            return {name: self.heads(cfg) for name, cfg in cfgs.items()}
        return self._head(dict(cfgs))

    def _head(self, cfg: Config) -> Config:
        known = _parameters(cfg)
        if _lacks(cfg, 'encoder_name', known):
            cfg['encoder_name'] = self._encoder_name(cfg)
        if 'encoder_name' in known or not _lacks(cfg, 'in_channels', known):
            return cfg
        index = cfg.get('in_index', -1)
        cfg['in_channels'] = _chosen(self.maps.channels, index, cfg)
        if _may('feature_strides', known, cfg):
            cfg['feature_strides'] = _chosen(self.maps.strides, index, cfg)
        return cfg

    def _encoder_name(self, cfg: Config) -> str:
        backbone = self.modules[0]
        if not isinstance(backbone, SMPEncoder):
            raise InputError(
                f'{_name(cfg)} takes the maps of SMPEncoder, the backbone is '
                f'{type(backbone).__name__}; take a head of MMSegmentation, '
                'or UNetFPNHead'
            )
        return backbone.name


def _name(cfg: Config) -> str:
    kind = cfg['type']
    return str(getattr(kind, '__name__', kind))


def _parameters(cfg: Config) -> dict[str, inspect.Parameter]:
    """Arguments of a class, and those that it hands on to its bases."""
    kind: Any = cfg['type']
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    found: dict[str, inspect.Parameter] = {}
    for base in reversed(getattr(kind, '__mro__', ())):
        if base is not nn.Module and base is not object:
            found.update(inspect.signature(base.__init__).parameters)
    return found


def _lacks(cfg: Config, key: str, known: dict[str, inspect.Parameter]) -> bool:
    """Whether an argument has to be given, and is not."""
    return (
        key in known
        and known[key].default is inspect.Parameter.empty
        and key not in cfg
    )


def _may(key: str, known: dict[str, inspect.Parameter], cfg: Config) -> bool:
    return key in known and key not in cfg


def _chosen(values: list[int], index: Any, cfg: Config) -> Any:
    several = isinstance(index, (list, tuple))
    try:
        if several:
            return [values[k] for k in index]
        return values[index]
    except IndexError:
        raise InputError(
            f'in_index of {_name(cfg)} is {index}, there are {len(values)} '
            f'maps, of {values}'
        ) from None
