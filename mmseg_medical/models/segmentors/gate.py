"""Which classes an image has at all, as other networks see it."""

from typing import Any

from torch import Tensor

from mmseg_medical.errors import InputError


class Gate:
    """Leaves a class out of an image in which others see too little of it.

    Networks that are trained where there is something see things where there
    is nothing. Others, which are trained on all images, are asked first.

    Args:
        mask_thr: Probability above which they see a pixel of a class.
        min_size: Least number of such pixels, at the size of the file, that
            lets the class pass.

    Raises:
        InputError: If one is out of its range.

    Source: the 1st place of UW-Madison GI tract 2022, which takes more than
        12 pixels above 0.6.

    Example:
        >>> probs = torch.tensor([[[0.9, 0.8]], [[0.9, 0.8]]])
        >>> seen = torch.tensor([[[0.7, 0.1]], [[0.6, 0.1]]])
        >>> probs, sizes = Gate(mask_thr=0.6, min_size=1)(probs, seen)
        >>> probs.amax((1, 2)).tolist(), sizes
        ([0.8999999761581421, 0.0], [1, 0])
    """

    def __init__(self, *, mask_thr: float = 0.5, min_size: int = 1) -> None:
        if not 0 <= mask_thr <= 1:
            raise InputError(
                f'model.gate.mask_thr is a probability, got {mask_thr}'
            )
        if not (isinstance(min_size, int) and min_size > 0):
            raise InputError(
                'model.gate.min_size is a whole number of pixels above 0, got '
                f'{min_size!r}'
            )
        self.mask_thr = mask_thr
        self.min_size = min_size

    @property
    def record(self) -> dict[str, Any]:
        """What decides the result, beside the networks."""
        return dict(mask_thr=self.mask_thr, min_size=self.min_size)

    def __call__(
        self, probs: Tensor, seen: Tensor
    ) -> tuple[Tensor, list[int]]:
        """Probabilities without the classes that are not seen.

        Args:
            probs: (K, H, W) in [0, 1].
            seen: (K, H, W) in [0, 1], of the networks of the gate.

        Returns:
            (K, H, W), 0 where the gate is closed; the number of pixels that
            are seen of each class.
        """
        sizes = (seen > self.mask_thr).sum((1, 2))
        passes = (sizes >= self.min_size).to(probs)
        return probs * passes[:, None, None], sizes.tolist()
