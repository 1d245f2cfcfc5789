import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.models.weights import load_weights


def test_all_weights_are_loaded_or_none(trained, tmp_path):
    model = MODELS.build(Config.fromfile(trained.config).model)
    path = str(trained.checkpoint)
    meta = load_weights(model, path)
    assert meta['task'] == 'binary'
    stored = load_checkpoint(path)['state_dict']
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, stored[name])
    with pytest.raises(ValueError, match='was trained for classes'):
        load_weights(model, path, classes=('background', 'nucleus'))
    torch.save({'fc.weight': torch.zeros(3)}, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth has no weight of this mod'):
        load_weights(model, str(tmp_path / 'a.pth'))
