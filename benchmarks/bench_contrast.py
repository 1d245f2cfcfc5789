"""CLAHE.

1024², gray, of 8 and of 16 bits; the peers are OpenCV itself and what wraps
or replaces it.
"""

import albumentations
import cv2
import numpy as np
import skimage.data
import skimage.exposure

from benchmarks.harness import Job
from mmseg_medical.contrast import clahe


def jobs() -> list[Job]:
    """8 and 16 bits."""
    gray = cv2.resize(skimage.data.camera(), (1024, 1024))
    deep = gray.astype(np.uint16) * 16
    plain = cv2.createCLAHE(2.0, (8, 8))
    wrapped = albumentations.CLAHE((2.0, 2.0), (8, 8), p=1)
    np.testing.assert_array_equal(clahe(gray), plain.apply(gray))
    np.testing.assert_array_equal(clahe(deep), plain.apply(deep))
    return [
        Job(
            'CLAHE 1024², 8 bit',
            lambda: clahe(gray),
            {
                'OpenCV': lambda: plain.apply(gray),
                'albumentations': lambda: wrapped(image=gray),
                'scikit-image': lambda: skimage.exposure.equalize_adapthist(
                    gray
                ),
            },
            0.9,
        ),
        Job(
            'CLAHE 1024², 16 bit',
            lambda: clahe(deep),
            {
                'OpenCV': lambda: plain.apply(deep),
                'scikit-image': lambda: skimage.exposure.equalize_adapthist(
                    deep
                ),
            },
            0.9,
        ),
        Job(
            'CLAHE 1024², 16 bit, occupied range',
            lambda: clahe(deep, occupied_range=True),
            {
                'scikit-image': lambda: skimage.exposure.equalize_adapthist(
                    deep
                ),
            },
            1,
        ),
    ]
