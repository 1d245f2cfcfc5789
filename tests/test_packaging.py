"""The package as others install it, and inherit from it."""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Run where nothing of the repository is near.
OUTSIDE = """
import sys
from pathlib import Path

import mmseg_medical
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS, TRANSFORMS
from mmseg_medical.apis import drop_pretrained

package = Path(mmseg_medical.__file__).parent
assert str(package).startswith(sys.argv[1]), package
assert (package / '.mim' / 'tools' / 'train.py').is_file()
assert (package / '.mim' / 'model-index.yml').is_file()
assert Path(mmseg_medical.config_path('hubmap/segformer_mitb2.py')).is_file()
leaf = 'hubmap/segformer_mitb2.py'
assert get_config(f'mmseg_medical::{leaf}').model.task == 'binary'

texts = {
    'path': f"_base_ = [__import__('mmseg_medical').config_path('{leaf}')]",
    'scope': f"_base_ = 'mmseg_medical::{leaf}'",
    'parts': '''
custom_imports = dict(imports=['mmseg_medical'])
default_scope = 'mmseg'
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='StainNormalize'),
    dict(type='mmseg_medical.ApplyCLAHE'),
    dict(type='PackSegInputs'),
]
model = dict(
    type='EncoderDecoder',
    backbone=dict(type='ResNet', depth=18),
    decode_head=dict(
        type='FCNHead', in_channels=512, channels=8, num_classes=2,
        out_channels=1, threshold=0.5,
        loss_decode=dict(type='mmseg_medical.BCELoss'),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
''',
}
texts['own scope'] = texts['scope'] + "\\ndefault_scope = 'mmseg_medical'"
for name, text in texts.items():
    Path('foreign.py').write_text(text)
    cfg = Config.fromfile('foreign.py')
    init_default_scope(cfg.default_scope)
    drop_pretrained(cfg.model)
    assert MODELS.build(cfg.model).num_classes == 2
    for transform in cfg.train_pipeline:
        TRANSFORMS.build(transform)
    print('inherited by', name)
"""


@pytest.fixture(scope='module')
def distributions(tmp_path_factory):
    """A wheel and an sdist, and the wheel that is built from the sdist."""
    tmp_path = tmp_path_factory.mktemp('build')
    tree = tmp_path / 'tree'
    skipped = '.git .venv work_dirs data tests build dist *.egg-info .*_cache'
    shutil.copytree(
        ROOT,
        tree,
        symlinks=True,
        ignore=shutil.ignore_patterns(*skipped.split(), '__pycache__'),
    )
    build = [sys.executable, '-m', 'build', '--no-isolation']
    for command in (
        [*build, '--wheel', '--outdir', str(tmp_path / 'direct')],
        [*build, '--outdir', str(tmp_path / 'dist')],
    ):
        done = subprocess.run(
            [*command, str(tree)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr + done.stdout
    (wheel,) = (tmp_path / 'direct').glob('*.whl')
    (sdist,) = (tmp_path / 'dist').glob('*.tar.gz')
    (from_sdist,) = (tmp_path / 'dist').glob('*.whl')
    return wheel, sdist, from_sdist


def test_configs_and_tools_travel(distributions):
    wheel, sdist, from_sdist = distributions
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names == set(zipfile.ZipFile(from_sdist).namelist())
    for part in (
        'configs/hubmap/segformer_mitb2.py',
        'configs/hubmap/metafile.yml',
        'configs/_base_/default_runtime.py',
        'tools/train.py',
        'tools/dist_train.sh',
        'model-index.yml',
    ):
        assert f'mmseg_medical/.mim/{part}' in names
    assert 'mmseg_medical/visualization/report.html.j2' in names
    with tarfile.open(sdist) as archive:
        packed = {n.split('/', 1)[-1] for n in archive.getnames()}
    assert {'requirements/onedl.txt', 'configs/hubmap'} <= packed
    assert not any('pyc' in name for name in names | packed)


def test_the_stack_is_no_hard_dependency(distributions):
    archive = zipfile.ZipFile(distributions[0])
    (name,) = (n for n in archive.namelist() if n.endswith('METADATA'))
    lines = archive.read(name).decode().splitlines()
    needs = [
        x for x in lines if x.startswith('Requires-Dist') and ';' not in x
    ]
    assert needs
    for module in ('mmcv', 'mmengine', 'mmseg', 'mmpretrain', 'torch'):
        assert not any(module in need for need in needs)
    assert 'Name: mmsegmentation-medical' in lines
    extras = {
        x.split(': ')[1] for x in lines if x.startswith('Provides-Extra')
    }
    assert {'onedl', 'openmmlab', 'albu', 'fast'} <= extras


def run_outside(python, folder, package):
    done = subprocess.run(
        [python, '-c', OUTSIDE, package],
        cwd=folder,
        capture_output=True,
        text=True,
        env=dict(PATH='/usr/bin:/bin', HOME=str(folder), OMP_NUM_THREADS='1'),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count('inherited by') == 4


def test_a_wheel_in_a_clean_environment(distributions, tmp_path):
    folder = tmp_path / 'venv'
    venv.create(folder)
    python = str(folder / 'bin' / 'python')
    pip = [sys.executable, '-m', 'pip', '--python', python, 'install']
    install = [*pip, '--no-deps', '--no-index', '--no-compile']
    subprocess.run([*install, str(distributions[0])], check=True)
    site = Path(sysconfig.get_path('purelib', vars=dict(base=str(folder))))
    # The stack is borrowed; the editable package beside it is not, since
    # .pth files are not read in folders that a .pth file adds.
    stack = sysconfig.get_path('purelib')
    (site / 'stack.pth').write_text(stack + '\n')
    (tmp_path / 'cwd').mkdir()
    run_outside(python, tmp_path / 'cwd', str(site))


def test_an_editable_install(tmp_path):
    run_outside(sys.executable, tmp_path, str(ROOT))
