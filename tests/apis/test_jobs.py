import os

import pytest

from mmseg_medical.apis.jobs import run_slurm, without
from mmseg_medical.errors import InputError


def test_options_are_left_out_in_both_spellings():
    given = 'a.py --jobs slurm --tta --folds=0,1 --out x --jobs=print'.split()
    found = without(given, ['--jobs', '--folds'])
    assert found == ['a.py', '--tta', '--out', 'x']


@pytest.fixture
def script(tmp_path):
    """A stand-in for slurm_train.sh: fold 1 fails."""
    path = tmp_path / 'slurm_train.sh'
    path.write_text(
        '#!/usr/bin/env bash\necho "$TOOL $*"\n[ "${@: -1}" != 1 ]\n'
    )
    os.chmod(path, 0o755)
    return path


def test_each_fold_is_a_job_with_its_log(script, tmp_path, capsys):
    work_dir = str(tmp_path / 'w')
    arguments = ['configs/unet.py', '--tta']
    run_slurm(script, 'gpu', arguments, folds=[0, 2], work_dir=work_dir)
    for fold in (0, 2):
        log = tmp_path / f'w/fold_{fold}/slurm.log'
        assert log.read_text() == (
            f'train_folds.py gpu unet_fold_{fold} configs/unet.py --tta '
            f'--folds {fold}\n'
        )
        assert f'its output is in {log}' in capsys.readouterr().out or fold
    with pytest.raises(
        InputError, match=r'1 of 2 jobs failed; see .*w/fold_1/slurm\.log\. T'
    ):
        run_slurm(script, 'gpu', arguments, folds=[0, 1], work_dir=work_dir)
