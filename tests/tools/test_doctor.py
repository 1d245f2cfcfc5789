import pytest

GOOD = {
    'torch': '2.14.1',
    'torchvision': '0.29.1',
    'numpy': '2.4.6',
    'scipy': '1.17.1',
    'opencv-python': '5.0.0.93',
    'opencv-python-headless': '5.0.0.93',
    'tifffile': '2026.3.3',
    'imagecodecs': '2026.3.6',
    'albumentations': '2.0.8',
    'numba': '0.68.1',
    'onedl-mmcv': '2.3.6',
    'onedl-mmengine': '0.10.12',
    'onedl-mmsegmentation': '1.4.2',
    'mmsegmentation-medical': '0.1.0',
    'tensorboard': '2.21.0',
}
UPSTREAM = {
    'mmcv-lite': '2.1.0',
    'mmengine': '0.10.7',
    'mmsegmentation': '1.2.2',
}


def examine(tool, tmp_path, drop=(), importable=True, **changes):
    versions = {k: v for k, v in GOOD.items() if k not in drop}
    versions.update({k.replace('_', '-'): v for k, v in changes.items()})
    return tool('doctor').examine(
        versions,
        lambda name: importable and name not in drop,
        str(tmp_path),
        (3, 12),
    )


def test_a_whole_environment(tool, tmp_path):
    assert examine(tool, tmp_path) == []
    family = [name for name in GOOD if name.startswith('onedl')]
    versions = {k: v for k, v in GOOD.items() if k not in family} | UPSTREAM
    doctor = tool('doctor')
    assert doctor.examine(versions, bool, str(tmp_path), (3, 11)) == []


@pytest.mark.parametrize(
    ('changes', 'problem', 'cure'),
    [
        (dict(drop=['torch']), 'torch is not installed', 'pip install'),
        (dict(torch='2.3.0+cpu'), '2.5 or later', "'torch>=2.5'"),
        (dict(drop=['torchvision']), 'without torchvision', 'torchvision'),
        (UPSTREAM, 'two families', 'uninstall -y onedl-mmcv'),
        (
            dict(drop=['onedl-mmengine']),
            'onedl-mmengine is missing',
            '.[onedl]',
        ),
        (
            dict(
                drop=['onedl-mmcv', 'onedl-mmengine', 'onedl-mmsegmentation']
            ),
            'MMSegmentation is not installed',
            'onedl',
        ),
        (
            dict(opencv_python='4.11.0.86'),
            'several builds of OpenCV',
            'opencv-python-headless==4.11.0.86',
        ),
        (dict(drop=['cv2']), 'OpenCV is not installed', 'opencv'),
        (dict(drop=['numpy']), 'numpy is not installed', 'install numpy'),
        (dict(drop=['mmsegmentation-medical']), 'this package', '-e'),
    ],
)
def test_what_is_broken_has_a_cure(tool, tmp_path, changes, problem, cure):
    changes = {k.replace('-', '_'): v for k, v in changes.items()}
    found = examine(tool, tmp_path, **changes)
    broken = [f for f in found if f.broken]
    assert any(problem in f.problem and cure in f.cure for f in broken), found


def test_the_range_of_mmcv(tool, tmp_path):
    family = [name for name in GOOD if name.startswith('onedl')]
    changes = {k.replace('-', '_'): v for k, v in UPSTREAM.items()}
    changes.update(mmcv='2.2.0')
    found = examine(tool, tmp_path, drop=family, **changes)
    assert any('mmcv 2.2.0' in f.problem for f in found)
    assert any('mmcv and mmcv-lite own' in f.problem for f in found)
    found = examine(tool, tmp_path, drop=[*family, 'ftfy'], **changes)
    assert any('needs ftfy' in f.problem for f in found)


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        (dict(drop=['albumentations']), 'albumentations is missing'),
        (dict(albumentations='2.0.5'), '2.0.8 is tested'),
        (dict(drop=['numba']), 'numba is missing'),
        (dict(drop=['tensorboard']), 'tensorboard is missing'),
    ],
)
def test_what_is_only_slower_or_untested(tool, tmp_path, changes, problem):
    (finding,) = examine(tool, tmp_path, **changes)
    assert problem in finding.problem
    assert not finding.broken


def test_old_python_and_a_folder_without_access(tool, tmp_path):
    (tmp_path / 'file').write_text('')
    found = tool('doctor').examine(
        GOOD, bool, str(tmp_path / 'file' / 'x'), (3, 9)
    )
    problems = [f.problem for f in found]
    assert problems[0].startswith('Python 3.9: 3.11 or later')
    assert any('cannot be written' in p for p in problems)


def test_the_environment_of_these_tests_is_whole(tool, capsys):
    tool('doctor').main([])
    out = capsys.readouterr().out
    assert 'torch' in out
    assert 'BROKEN' not in out


def test_the_status_says_that_something_is_broken(tool, capsys, monkeypatch):
    doctor = tool('doctor')
    monkeypatch.setattr(doctor, 'installed', dict)
    with pytest.raises(SystemExit) as caught:
        doctor.main([])
    assert caught.value.code == 1
    assert 'BROKEN: torch is not installed' in capsys.readouterr().out
