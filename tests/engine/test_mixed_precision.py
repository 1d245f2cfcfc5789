import pytest
import torch
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn

from mmseg_medical.engine import mixed_precision
from mmseg_medical.engine.mixed_precision import usable_precision
from mmseg_medical.errors import InputError


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(64, 1))


def wrapper(model, precision='bf16', **options):
    return OPTIM_WRAPPERS.build(
        dict(
            type='MixedPrecisionOptimWrapper',
            precision=precision,
            optimizer=torch.optim.SGD(model.parameters(), 0.1),
            **options,
        )
    )


def step(model, wrapped):
    """Type of the maps, and the weights after a step."""
    torch.manual_seed(1)
    with wrapped.optim_context(model):
        out = model(torch.randn(2, 3, 6, 6))
        loss = out.float().square().mean()
    wrapped.update_params(loss)
    return out.dtype, [p.detach().clone() for p in model.parameters()]


def test_bf16_on_this_machine(model):
    start = {k: v.clone() for k, v in model.state_dict().items()}
    kind, exact = step(model, wrapper(model, 'fp32'))
    assert kind == torch.float32
    model.load_state_dict(start)
    kind, found = step(model, wrapper(model, 'bf16'))
    assert kind == torch.bfloat16
    assert all(weight.dtype == torch.float32 for weight in found)
    for one, other in zip(exact, found, strict=True):
        torch.testing.assert_close(one, other, atol=5e-3, rtol=0)
        assert not torch.equal(one, other)


def test_accumulation_and_clipping_are_mmengines(model):
    before = [p.detach().clone() for p in model.parameters()]
    wrapped = wrapper(
        model, accumulative_counts=2, clip_grad=dict(max_norm=1e-3)
    )
    _, after = step(model, wrapped)
    assert all(map(torch.equal, before, after))
    _, after = step(model, wrapped)
    moves = [a - b for a, b in zip(after, before, strict=True)]
    norm = torch.cat([m.flatten() for m in moves]).norm()
    assert norm == pytest.approx(0.1 * 1e-3, rel=1e-3)


def test_state_goes_on(model):
    wrapped = wrapper(model)
    state = wrapped.state_dict()
    assert set(state) == {'state', 'param_groups'}
    state['loss_scaler'] = dict(scale=2.0)  # of a run on a GPU, in fp16
    wrapped.load_state_dict(state)


@pytest.mark.parametrize(
    ('precision', 'device', 'bf16', 'expected'),
    [
        ('fp32', 'cpu', False, 'fp32'),
        ('bf16', 'cpu', False, 'bf16'),
        ('fp16', 'cpu', False, 'fp32'),
        ('bf16', 'cuda', True, 'bf16'),
        ('bf16', 'cuda', False, 'fp16'),
        ('fp16', 'cuda', False, 'fp16'),
    ],
)
def test_what_a_device_can_do(monkeypatch, precision, device, bf16, expected):
    monkeypatch.setattr(
        'torch.cuda.is_bf16_supported', lambda including_emulation: bf16
    )
    assert usable_precision(precision, device) == expected


def test_falling_back_is_said_once(model, monkeypatch):
    said = []
    monkeypatch.setattr(
        mixed_precision, 'print_log', lambda text, **_: said.append(text)
    )
    monkeypatch.setattr(mixed_precision, 'get_device', lambda: 'cpu')
    assert wrapper(model, 'bf16').precision == 'bf16'
    assert not said
    wrapped = wrapper(model, 'fp16')
    assert step(model, wrapped)[0] == torch.float32
    assert said == [
        'training in fp32: the cpu has no fp16 that a training could use'
    ]


def test_refused(model):
    with pytest.raises(InputError, match="precision is 'half', expected"):
        wrapper(model, 'half')
