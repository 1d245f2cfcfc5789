"""Stain normalisation and separation.

Tissue: the H-DAB section of scikit-image, repeated to 3000². Macenko is fitted
to every image anew, as all peers do.
"""

import numpy as np
import skimage.color
import skimage.data
import staintools
import torch
import torchstain

from benchmarks.harness import Job
from benchmarks.peers import tiatoolbox_stainnorm
from mmseg_medical.stain import build_normalizer, separate_stains


def jobs() -> list[Job]:
    """Macenko, Reinhard and HED at 3000², Vahadane at 512²."""
    tia = tiatoolbox_stainnorm()
    tile = skimage.data.immunohistochemistry()
    large = np.ascontiguousarray(np.tile(tile, (6, 6, 1))[:3000, :3000])
    target = np.ascontiguousarray(tile[:, ::-1])
    tensor = torch.from_numpy(large).permute(2, 0, 1)

    macenko = build_normalizer('macenko')
    in_torch = torchstain.normalizers.MacenkoNormalizer('torch')
    in_numpy = torchstain.normalizers.MacenkoNormalizer('numpy')
    expected = in_numpy.normalize(large, stains=False)[0].astype(int)
    assert np.abs(macenko.normalize(large) - expected).max() <= 1
    tia_macenko = tia.MacenkoNormalizer()
    tia_macenko.fit(target.copy())
    macenko_peers = {
        'torchstain (torch)': lambda: in_torch.normalize(tensor, stains=False),
        'torchstain (numpy)': lambda: in_numpy.normalize(large, stains=False),
        'TIAToolbox': lambda: tia_macenko.transform(large.copy()),
    }

    reinhard = build_normalizer('reinhard').fit(target)
    tia_reinhard = tia.ReinhardNormalizer()
    tia_reinhard.fit(target.copy())
    torch_reinhard = torchstain.normalizers.ReinhardNormalizer('numpy')
    torch_reinhard.fit(target)

    vahadane = build_normalizer('vahadane').fit(target)
    tia_vahadane = tia.VahadaneNormalizer()
    tia_vahadane.fit(target.copy())
    spams = staintools.StainNormalizer('vahadane')
    spams.fit(target.copy())

    np.testing.assert_allclose(
        separate_stains(tile), skimage.color.rgb2hed(tile), atol=1e-6
    )
    return [
        Job(
            'Macenko 3000²',
            lambda: macenko.normalize(large),
            macenko_peers,
            25,
            floor='torchstain (torch)',
        ),
        Job(
            'Macenko 3000², peak memory',
            lambda: macenko.normalize(large),
            {'torchstain (numpy)': macenko_peers['torchstain (numpy)']},
            10,
            memory=True,
        ),
        Job(
            'Reinhard 3000²',
            lambda: reinhard.normalize(large),
            {
                'TIAToolbox': lambda: tia_reinhard.transform(large.copy()),
                'torchstain (numpy)': lambda: torch_reinhard.normalize(large),
            },
            4,
        ),
        Job(
            'HED separation 3000²',
            lambda: separate_stains(large),
            {'scikit-image': lambda: skimage.color.rgb2hed(large)},
            2.4,
        ),
        Job(
            'Vahadane 512²',
            lambda: vahadane.normalize(tile),
            {
                'TIAToolbox': lambda: tia_vahadane.transform(tile.copy()),
                'StainTools': lambda: spams.transform(tile.copy()),
            },
            1,
        ),
    ]
