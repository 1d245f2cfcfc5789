"""Logits, target and weight in one form, whatever the task."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Channels:
    """C channels of logits and the K of them that a loss counts.

    Two channels that exclude each other have become one: the difference of
    their logits, whose sigmoid is the softmax of the two.

    Attributes:
        logits: (N, C, H, W), 0 where ignored.
        target: (N, K, H, W) of 0 and 1, 0 where ignored; of the last K of
            the C classes.
        weight: (N, K, H, W) or (N, 1, H, W), >= 0, and 0 where ignored.
        exclusive: Whether the C > 2 channels share one softmax; else each
            has a sigmoid, and K = C.
    """

    logits: Tensor
    target: Tensor
    weight: Tensor
    exclusive: bool

    @property
    def binary(self) -> bool:
        """Whether there is one channel only: foreground or not."""
        return self.logits.shape[1] == 1

    def regions(self, include_background: bool) -> 'Channels':
        """The channels whose regions are scored.

        Args:
            include_background: Whether the background is one of them. It is
                the first of exclusive classes and the complement of a single
                channel; classes that overlap have none.
        """
        if self.exclusive and not include_background:
            return replace(self, target=self.target[:, 1:])
        if self.binary and include_background:
            return replace(
                self,
                logits=torch.cat([-self.logits, self.logits], 1),
                target=torch.cat([1 - self.target, self.target], 1),
            )
        return self

    def probs(self) -> Tensor:
        """Probabilities (N, K, H, W)."""
        if not self.exclusive:
            return self.logits.sigmoid()
        return self.logits.softmax(1)[:, -self.target.shape[1] :]

    def log_odds(self) -> Tensor:
        """Logarithms of p / (1 - p), (N, K, H, W): each class or the rest."""
        if not self.exclusive:
            return self.logits
        count = self.logits.shape[1]
        odds = []
        for k in range(count - self.target.shape[1], count):
            # log(1 - p) from p would be -inf where p rounds to 1.
            rest = torch.cat([self.logits[:, :k], self.logits[:, k + 1 :]], 1)
            odds.append(self.logits[:, k] - rest.logsumexp(1))
        return torch.stack(odds, 1)
