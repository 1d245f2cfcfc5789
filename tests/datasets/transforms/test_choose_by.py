import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

from mmseg_medical.datasets.transforms import ChooseBy
from mmseg_medical.errors import InputError

HALVE = dict(type='RescaleToPixelSize', target=2)
LEVELS = dict(type='MapIntensity', method='max')


def test_the_value_of_a_sample_decides():
    choose = TRANSFORMS.build(
        dict(
            type='ChooseBy',
            key='organ',
            transforms=dict(lung=[HALVE, LEVELS], kidney=[LEVELS], skin=[]),
        )
    )

    def sample(organ):
        img = np.full((8, 8, 1), 1000, np.uint16)
        return dict(img=img, pixel_size=1, organ=organ, where='a.csv')

    lung, kidney, skin = (
        choose(sample(organ))['img'] for organ in ('lung', 'kidney', 'skin')
    )
    assert (lung.shape, lung.dtype) == ((4, 4, 1), np.uint8)
    assert (kidney.shape, kidney.dtype) == ((8, 8, 1), np.uint8)
    assert skin.dtype == np.uint16
    with pytest.raises(
        InputError, match=r"a\.csv: .*organ 'eye', only for \['lung', 'kid"
    ):
        choose(sample('eye'))
    assert 'organ' in repr(choose)


def test_a_default_for_all_others():
    choose = ChooseBy('organ', {}, default=[LEVELS])
    out = choose(dict(img=np.ones((2, 2, 1), np.uint16)))
    assert out['img'].dtype == np.uint8
