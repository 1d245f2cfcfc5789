"""Say what of the environment is missing or clashes, and how to mend it.

Runs with nothing but Python, so that it also works where nothing else does.
"""

import argparse
import importlib.util
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import NamedTuple

INSTALL = "pip install -e '.[onedl,albu,fast,smp,dicom,volumes,track]'"
FAMILIES = {
    'onedl': ('onedl-mmcv', 'onedl-mmengine', 'onedl-mmsegmentation'),
    'openmmlab': ('mmcv', 'mmengine', 'mmsegmentation'),
}
SHOWN = (
    *('torch', 'torchvision', 'numpy', 'scipy', 'opencv-python'),
    *('opencv-python-headless', 'opencv-contrib-python'),
    *('opencv-contrib-python-headless', 'tifffile', 'imagecodecs'),
    *('albumentations', 'numba', 'mmcv', 'mmcv-lite', 'mmengine'),
    *('mmsegmentation', 'mmpretrain', 'onedl-mmcv', 'onedl-mmengine'),
    *('onedl-mmsegmentation', 'onedl-mmpretrain'),
    *('mmsegmentation-medical', 'segmentation-models-pytorch'),
    *('timm', 'setuptools', 'tensorboard'),
)


class Finding(NamedTuple):
    """Something that is wrong: whether it breaks, what, and the cure."""

    broken: bool
    problem: str
    cure: str


def installed() -> dict[str, str]:
    """Versions of the distributions that matter, by name."""
    versions = {}
    for name in SHOWN:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split('+')[0].split('.')[:3]
    return tuple(int(p) for p in parts if p.isdigit())


def examine(
    versions: dict[str, str],
    importable: Callable[[str], bool],
    folder: str,
    python: tuple[int, ...] = sys.version_info[:2],
) -> list[Finding]:
    """Find what is missing or clashes.

    Args:
        versions: Versions of installed distributions by name.
        importable: Whether a module can be found.
        folder: Folder that will hold work_dirs/.
        python: Version of Python.
    """
    found = []

    def broken(problem: str, cure: str) -> None:
        found.append(Finding(True, problem, cure))

    def weak(problem: str, cure: str) -> None:
        found.append(Finding(False, problem, cure))

    def has(*names: str) -> bool:
        return all(name in versions for name in names)

    if python < (3, 11):
        broken(
            f'Python {python[0]}.{python[1]}: 3.11 or later is needed',
            'make VENV=.venv PYTHON=python3.11 test',
        )
    if not has('torch'):
        broken('torch is not installed', INSTALL)
    elif _numbers(versions['torch']) < (2, 5):
        broken(
            f'torch {versions["torch"]}: 2.5 or later is needed',
            "pip install -U 'torch>=2.5' torchvision",
        )
    if has('torch') and not has('torchvision'):
        broken(
            'torch without torchvision: mmpretrain cannot be imported',
            'pip install torchvision',
        )
    there = {
        family: [name for name in names if has(name)]
        for family, names in FAMILIES.items()
    }
    if all(there.values()):
        broken(
            f'two families own the same modules: {there["onedl"]} and '
            f'{there["openmmlab"]}',
            f'pip uninstall -y {" ".join(there["onedl"])} '
            f'{" ".join(there["openmmlab"])} && {INSTALL}',
        )
    for family, names in FAMILIES.items():
        missing = [
            name
            for name in names
            if not has(name) and not (name == 'mmcv' and has('mmcv-lite'))
        ]
        if there[family] and missing:
            broken(
                f'{", ".join(missing)} is missing beside {there[family]}',
                f"pip install -e '.[{family}]'",
            )
    if not any(there.values()):
        broken('MMSegmentation is not installed', INSTALL)
    mmcv = versions.get('mmcv') or versions.get('mmcv-lite')
    if mmcv and has('mmsegmentation') and _numbers(mmcv) >= (2, 2):
        broken(
            f'mmcv {mmcv}: MMSegmentation 1.2 takes 2.0 to 2.1',
            "pip uninstall -y mmcv && pip install 'mmcv-lite<2.2'",
        )
    if has('mmcv', 'mmcv-lite'):
        broken(
            'mmcv and mmcv-lite own the same module',
            "pip uninstall -y mmcv mmcv-lite && pip install 'mmcv-lite<2.2'",
        )
    if has('mmsegmentation') and not importable('ftfy'):
        broken('mmsegmentation needs ftfy', 'pip install ftfy regex')
    cv = [name for name in versions if name.startswith('opencv-')]
    if len({versions[name] for name in cv}) > 1:
        listed = ', '.join(f'{name} {versions[name]}' for name in cv)
        same = ' '.join(f'{name}=={versions[cv[0]]}' for name in cv)
        broken(
            f'several builds of OpenCV share the module cv2: {listed}',
            f'pip install --force-reinstall {same}',
        )
    if not importable('cv2'):
        broken('OpenCV is not installed', 'pip install opencv-python-headless')
    for name in ('numpy', 'scipy', 'tifffile', 'imagecodecs'):
        if not has(name):
            broken(f'{name} is not installed', f'pip install {name}')
    if not has('mmsegmentation-medical'):
        broken('this package is not installed', INSTALL)
    if not has('albumentations'):
        weak(
            'albumentations is missing: the HuBMAP configs use it',
            "pip install -e '.[albu]'",
        )
    elif _numbers(versions['albumentations']) != (2, 0, 8):
        weak(
            f'albumentations {versions["albumentations"]}: 2.0.8 is tested',
            'pip install albumentations==2.0.8',
        )
    if not has('numba') or not importable('numba'):
        weak(
            'numba is missing: masks and stains take the slower numpy path',
            "pip install -e '.[fast]'",
        )
    if not has('tensorboard'):
        weak(
            'tensorboard is missing: no curves of a training',
            "pip install -e '.[track]'",
        )
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        broken(
            f'{folder} cannot be written ({error.strerror})',
            'give --work-dir a folder that can be written',
        )
    return found


def _imports() -> str:
    """Why the package cannot be imported, or ''."""
    try:
        import mmseg_medical  # noqa: F401
    except Exception as error:  # whatever is wrong below
        return f'{type(error).__name__}: {error}'
    return ''


def main(argv: Sequence[str] | None = None) -> None:
    """Print versions and findings; status 1 where something is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args(argv)
    versions = installed()
    print(f'Python {platform.python_version()} on {platform.platform()}')
    for name, version in versions.items():
        print(f'  {name:26}{version}')
    found = examine(
        versions,
        lambda name: importlib.util.find_spec(name) is not None,
        os.getcwd(),
    )
    if 'torch' in versions:
        try:
            import torch

            print(f'  GPUs{torch.cuda.device_count():23}')
        except (ImportError, OSError, AttributeError) as error:
            cure = 'pip install --force-reinstall torch torchvision'
            found.append(Finding(True, f'torch is damaged: {error}', cure))
    if not any(finding.broken for finding in found):
        reason = _imports()
        if reason:
            found.append(Finding(True, f'import fails: {reason}', INSTALL))
    for finding in found:
        print(f'{"BROKEN" if finding.broken else "note"}: {finding.problem}')
        print(f'    {finding.cure}')
    if any(finding.broken for finding in found):
        sys.exit(1)
    print('All is well.' if not found else 'Nothing is broken.')


if __name__ == '__main__':
    main()
