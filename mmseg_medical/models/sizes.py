"""What sizes of images a network takes."""

from torch import Tensor

from mmseg_medical.errors import InputError


def check_multiple(images: Tensor, stride: int) -> None:
    """Check that the sides of images are multiples of a stride.

    Args:
        images: (N, C, H, W).
        stride: In pixels.

    Raises:
        InputError: If they are not; the message says what pads them.
    """
    height, width = images.shape[2:]
    if height % stride or width % stride:
        raise InputError(
            f'images of {height} x {width} pixels are no multiples of '
            f'{stride}; data_preprocessor.size_divisor={stride}, also in its '
            'test_cfg, pads them, and windows need a crop_size of such sides'
        )
