import json
import os

import pytest

from mmseg_medical.apis.model_files import ModelFiles, find_models


@pytest.fixture
def run(tmp_path):
    """Make the folder of a training."""

    def make(name, *files):
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        for k, file in enumerate(files):
            (folder / file).write_text('')
            os.utime(folder / file, (k, k))
        return str(folder)

    return make


def test_configs_come_with_checkpoints(run, tmp_path):
    run('.', 'a.py', 'b.py', '1.pth')
    a, b, one = (str(tmp_path / n) for n in ('a.py', 'b.py', '1.pth'))
    address = 'https://host/2.pth'
    assert find_models([a, one, b, address, a, 'none']) == [
        ModelFiles(a, one),
        ModelFiles(b, address),
        ModelFiles(a, None),
    ]
    for names, message in (
        ([], 'there is no model'),
        ([a], r'a\.py has no checkpoint after it'),
        ([a, b, one], r'a\.py has no checkpoint after it'),
        ([one], r'1\.pth stands where a model begins'),
        ([a, one, one], r'1\.pth stands where a model begins'),
    ):
        with pytest.raises(ValueError, match=message):
            find_models(names)
    for names, message in (
        (['gone.py', one], 'config gone.py does not exist'),
        ([a, 'gone.pth'], 'checkpoint gone.pth does not exist'),
        (['gone'], 'model gone does not exist'),
    ):
        with pytest.raises(FileNotFoundError, match=message):
            find_models(names)


@pytest.mark.parametrize(
    ('files', 'expected'),
    [
        (['iter_2.pth', 'iter_4.pth'], 'iter_4.pth'),
        (['best_dice_iter_2.pth', 'iter_4.pth'], 'best_dice_iter_2.pth'),
        (['best_iter_8.pth', 'best_iter_12.pth'], 'best_iter_12.pth'),
        (['averaged.pth', 'best_iter_12.pth'], 'averaged.pth'),
    ],
)
def test_a_run_is_its_best_checkpoint(files, expected, run):
    folder = run('work', 'cfg.py', *files)
    (found,) = find_models([folder])
    assert found.config == f'{folder}/cfg.py'
    assert found.checkpoint == f'{folder}/{expected}'
    assert found.postprocess is None


def test_a_run_says_itself_what_is_to_be_tested(run):
    folder = run('w', 'c.py', 'best_iter_2.pth', 'iter_4.pth')
    with open(f'{folder}/trained.json', 'w') as file:
        json.dump(dict(checkpoint='iter_4.pth'), file)
    run('w', 'postprocess.json')
    (found,) = find_models([folder])
    assert found.checkpoint == f'{folder}/iter_4.pth'
    assert found.postprocess == f'{folder}/postprocess.json'
    os.remove(found.checkpoint)
    with pytest.raises(FileNotFoundError, match=r'iter_4\.pth does not exist'):
        find_models([folder])


def test_folds_are_an_ensemble(run, tmp_path):
    for k in (10, 2):
        run(f'oof/fold_{k}', 'c.py', 'iter_1.pth')
    found = find_models([str(tmp_path / 'oof')])
    assert [f.config for f in found] == [
        str(tmp_path / 'oof' / f'fold_{k}' / 'c.py') for k in (2, 10)
    ]


def test_other_folders_are_refused(run):
    with pytest.raises(ValueError, match='has 0 configs, and is not'):
        find_models([run('empty')])
    with pytest.raises(ValueError, match=r'has 2 configs: a\.py, b\.py,'):
        find_models([run('two', 'a.py', 'b.py')])
    with pytest.raises(ValueError, match='has no checkpoint; was the trai'):
        find_models([run('begun', 'a.py')])
