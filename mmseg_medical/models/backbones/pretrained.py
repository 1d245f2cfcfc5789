"""What backbones from other libraries have in common."""

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from mmengine.model import BaseModule
from torch import nn

from mmseg_medical._optional import optional
from mmseg_medical.engine.checkpoint import downloading
from mmseg_medical.errors import InputError


class PretrainedEncoder(BaseModule, metaclass=ABCMeta):
    """Network of another library, which has its own pretrained weights.

    The network lies in ``encoder``. It is built with random weights; the
    library's are fetched by ``init_weights``, that is when a training begins.
    A model that is built to be tested downloads nothing.

    Args:
        name: Name of the network in its library.
        weights: What the library calls the weights; None or False starts
            from random ones.
        arguments: What ``build`` needs beside.
        init_cfg: Initialisation of the weights, before the library's.

    Raises:
        CheckpointError: By ``init_weights``, if the download fails.
    """

    def __init__(
        self,
        name: str,
        weights: Any,
        *,
        arguments: dict[str, Any] | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(init_cfg)
        self.name = name
        self.weights = weights
        self.arguments = arguments or {}
        self.encoder = self.build(None)

    @abstractmethod
    def build(self, weights: Any) -> nn.Module:
        """The network, with the weights of that name or random ones."""

    def init_weights(self) -> None:
        fetch = self.weights and not self.is_init
        super().init_weights()
        if fetch:
            which = '' if self.weights is True else f'{self.weights} '
            with downloading(
                f'{which}of {self.name}',
                instead='copy them into the cache of Hugging Face ($HF_HOME)',
            ):
                trained = self.build(self.weights)
            self.encoder.load_state_dict(trained.state_dict())


def import_timm() -> Any:
    """Module timm, if it is installed."""
    return optional('timm', extra='smp')


def check_name(what: str, name: str, known: Sequence[str]) -> None:
    """Check a name in a config against those that a library has.

    Raises:
        InputError: If it is none of them; the message has the nearest.
    """
    if name not in known:
        near = get_close_matches(name, known, n=4, cutoff=0.4)
        raise InputError(
            f'{what} {name!r} is unknown; '
            + (f'near it are {near}' if near else f'one of {sorted(known)}')
        )
