"""The layers of the package: imports point down only."""

import ast
from pathlib import Path

import pytest

import mmseg_medical

PACKAGE = Path(mmseg_medical.__file__).parent
LOWEST = (
    *('converters', 'evaluation/functional', 'stain', 'contrast.py'),
    *('instance_maps', 'intensity.py', 'postprocessing'),
    *('resampling.py', '_compiled.py', '_files.py', 'errors.py'),
)
HEAVY = {'torch', 'torchvision', 'mmcv', 'mmengine', 'mmseg', 'mmpretrain'}
# From the bottom up; a module may import its own layer and those below.
LAYERS = (
    LOWEST,
    ('datasets', 'models', 'evaluation/metrics', 'engine', 'visualization'),
    ('apis',),
)


def files(parts):
    for part in parts:
        path = PACKAGE / part
        yield from sorted(path.rglob('*.py')) if path.is_dir() else [path]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            yield node.module


def layer_of(module):
    path = module.removeprefix('mmseg_medical.').replace('.', '/')
    for level, parts in enumerate(LAYERS):
        for part in parts:
            if f'{path}/'.startswith(f'{part.removesuffix(".py")}/'):
                return level
    return 0


@pytest.mark.parametrize('path', files(LOWEST), ids=lambda p: p.stem)
def test_the_lowest_layer_needs_no_torch(path):
    found = {name.split('.')[0] for name in imports(path)}
    assert not found & HEAVY


@pytest.mark.parametrize('level', range(len(LAYERS)))
def test_imports_point_down(level):
    for path in files(LAYERS[level]):
        for name in imports(path):
            if name.startswith('mmseg_medical.'):
                assert layer_of(name) <= level, f'{path} imports {name}'


def test_every_module_has_its_tests():
    tests = Path(__file__).parent
    for path in files([p.name for p in PACKAGE.iterdir() if p.suffix or 1]):
        part = path.relative_to(PACKAGE)
        if path.name in ('__init__.py', 'version.py', 'errors.py'):
            continue
        if '.mim' in part.parts or '__pycache__' in part.parts:
            continue
        mirror = tests / part.parent / f'test_{path.name}'
        assert mirror.is_file(), f'{part} has no {mirror}'
