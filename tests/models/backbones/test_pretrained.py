import pytest
from torch import nn

from mmseg_medical.models.backbones.pretrained import (
    PretrainedEncoder,
    check_name,
)


class Encoder(PretrainedEncoder):
    """A network that counts how often its weights were fetched."""

    fetched = 0

    def build(self, weights):
        network = nn.Linear(1, 1)
        if weights == 'lost':
            raise ConnectionError('no route to host\nand more')
        if weights:
            self.fetched += 1
            nn.init.constant_(network.weight, 7)
        return network


def test_weights_are_fetched_once_and_not_when_a_model_is_built():
    encoder = Encoder('net', 'imagenet')
    assert encoder.fetched == 0
    for _ in range(2):
        encoder.init_weights()
    assert encoder.fetched == 1
    assert encoder.encoder.weight.item() == 7


@pytest.mark.parametrize('weights', [None, False])
def test_no_weights(weights):
    encoder = Encoder('net', weights)
    encoder.init_weights()
    assert encoder.fetched == 0


def test_they_come_after_init_cfg():
    init = dict(type='Constant', layer='Linear', val=3)
    encoder = Encoder('net', None, init_cfg=init)
    encoder.init_weights()
    assert encoder.encoder.weight.item() == 3
    encoder = Encoder('net', 'imagenet', init_cfg=init)
    encoder.init_weights()
    assert encoder.encoder.weight.item() == 7


def test_a_failed_download_names_the_flag():
    encoder = Encoder('net', 'lost')
    with pytest.raises(
        ValueError,
        match=r'weights lost of net could not.*host\); .*--no-pretrained.*HF_',
    ):
        encoder.init_weights()


def test_names():
    check_name('arch', 'Unet', ['Unet', 'FPN'])
    with pytest.raises(ValueError, match=r"arch 'unet' is .*near .*\['Unet'"):
        check_name('arch', 'unet', ['Unet', 'FPN'])
    with pytest.raises(ValueError, match=r"one of \['FPN', 'Unet'\]"):
        check_name('arch', 'zzz', ['Unet', 'FPN'])
