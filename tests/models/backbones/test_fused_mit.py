import copy

import pytest
import torch
from mmseg.registry import MODELS


def build(kind):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type=kind,
            in_channels=4,
            embed_dims=8,
            num_layers=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            drop_path_rate=0,
        )
    )


@pytest.mark.parametrize('training', [False, True])
def test_equal_to_mmsegmentation(training):
    ours = build('FusedMixVisionTransformer').train(training)
    theirs = build('MixVisionTransformer').train(training)
    theirs.load_state_dict(ours.state_dict())
    img = torch.randn(2, 4, 64, 96)
    results = []
    for model in (ours, theirs):
        maps = model(img)
        sum(x.square().mean() for x in maps).backward()
        results.append([*maps, *(p.grad for p in model.parameters())])
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-4)


def test_attention_maps_are_not_made():
    model = build('FusedMixVisionTransformer')
    seen = []
    for module in model.modules():
        if isinstance(module, torch.nn.MultiheadAttention):
            module.register_forward_hook(lambda m, x, y: seen.append(y[1]))
    model(torch.randn(1, 4, 32, 32))
    assert seen == [None] * 4


def test_a_copy_has_its_own_weights():
    model = build('FusedMixVisionTransformer').eval()
    average = copy.deepcopy(model)
    img = torch.randn(1, 4, 32, 32)
    before = average(img)[0]
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    torch.testing.assert_close(average(img)[0], before)
