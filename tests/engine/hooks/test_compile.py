import copy
from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import HOOKS
from torch import nn

from mmseg_medical.engine.hooks import compile as module
from mmseg_medical.engine.hooks.compile import why_not
from mmseg_medical.errors import InputError


@pytest.fixture
def model():
    torch.compiler.reset()
    return nn.ModuleDict(
        dict(
            backbone=nn.Conv2d(1, 2, 1),
            decode_head=nn.ModuleList([nn.Conv2d(2, 2, 1), nn.ReLU()]),
            loss=nn.ReLU(),
        )
    )


class Backend:
    """Compiler that remembers how often its graphs are run."""

    def __init__(self):
        self.runs = 0

    def __call__(self, graph, inputs):
        def run(*args):
            self.runs += 1
            return graph.forward(*args)

        return run


def forward(model, x):
    x = model['backbone'](x)
    for head in model['decode_head']:
        x = head(x)
    return model['loss'](x)


def test_parts_are_compiled_for_training_only(model):
    backend = Backend()
    hook = HOOKS.build(dict(type='CompileHook', backend=backend))
    runner = SimpleNamespace(model=model)
    names = list(model.state_dict())
    x = torch.rand(1, 1, 4, 4)
    expected = forward(model, x)
    hook.before_train(runner)
    backend.runs = 0  # without that of the trial
    assert torch.equal(forward(model, x), expected)
    assert backend.runs == 3  # the loss is none of them
    assert list(model.state_dict()) == names
    copy.deepcopy(model)  # as for an average of weights

    hook.before_val(runner)
    forward(model, x)
    assert backend.runs == 3
    hook.after_val(runner)
    forward(model, x)
    assert backend.runs == 6


def test_without_a_compiler_the_training_goes_on(model, monkeypatch):
    said = []
    monkeypatch.setattr(
        module, 'print_log', lambda text, **_: said.append(text)
    )

    def broken(graph, inputs):
        raise RuntimeError('No working C++ compiler found')

    hook = HOOKS.build(dict(type='CompileHook', backend=broken))
    hook.before_train(SimpleNamespace(model=model))
    (text,) = said
    assert text.startswith('nothing is compiled')
    assert 'No working C++ compiler found' in text
    forward(model, torch.rand(1, 1, 4, 4))


def test_a_compiler_that_is_not_there(monkeypatch):
    assert why_not('cpu', dict(backend='eager')) is None
    assert 'nonsense' in why_not('cpu', dict(backend='nonsense'))


def test_refused():
    hook = HOOKS.build(dict(type='CompileHook', parts=['encoder']))
    with pytest.raises(InputError, match=r"none of \['encoder'\]"):
        hook.before_train(SimpleNamespace(model=nn.ReLU()))


def test_a_training(run, tmp_path):
    """By dynamo, without the compiler, which takes minutes."""
    torch.compiler.reset()
    extra = "custom_hooks = [dict(type='CompileHook', backend='eager')]"
    compiled, plain = run(2, extra), run(2, work_dir='plain')
    for name, value in plain.model.state_dict().items():
        torch.testing.assert_close(compiled.model.state_dict()[name], value)
