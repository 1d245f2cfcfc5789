"""Folds from the command line, and a training that reads them."""

import json

import pytest

from mmseg_medical.converters.table import read_table
from mmseg_medical.datasets import HuBMAPDataset
from mmseg_medical.errors import InputError


@pytest.fixture
def kfold(tool, hubmap, tiny_config, tmp_path):
    root = hubmap(12)
    config = tiny_config(root)

    def call(*arguments, out='splits'):
        folder = tmp_path / out
        tool('kfold').main([config, '--out', str(folder), *arguments])
        return folder / 'folds.csv'

    call.root, call.config = root, config
    return call


def test_folds_are_written_printed_and_read(kfold, capsys):
    path = kfold('--num-folds', '3', '--stratify', 'organ,area', '--seed', '5')
    rows = read_table(path, ['id', 'fold', 'organ', 'area'])
    assert len(rows) == 12
    for fold in '012':
        organs = [row['organ'] for row in rows if row['fold'] == fold]
        assert sorted(organs) == ['kidney'] * 2 + ['lung'] * 2
    made = json.loads(path.with_suffix('.json').read_text())
    assert made['dataset'] == 'HuBMAPDataset'
    assert (made['seed'], made['num_folds']) == (5, 3)
    assert made['stratify'] == ['organ', 'area']
    assert made['counts']['images'] == [4, 4, 4]
    assert made['counts']['organ: lung'] == [2, 2, 2]
    out, progress = capsys.readouterr()
    assert progress.startswith('12/12 images in ')
    lines = out.splitlines()
    assert ['images', '12', '4', '4', '4'] in map(str.split, lines)
    share = 100 * made['mean_foreground']['all']
    (line,) = (line for line in lines if line.startswith('mean foreground'))
    assert line.split()[2] == f'{share:.2f}'
    assert f'--split {path} --fold 0' in out

    parts = [
        HuBMAPDataset(
            data_root=str(kfold.root), split=str(path), fold=2, part=part
        )
        for part in ('train', 'val')
    ]
    assert [len(part) for part in parts] == [8, 4]


def test_the_split_of_the_config_does_not_matter(kfold):
    found = [
        kfold('--cfg-options', f'train_dataloader.dataset.fold={k}', out=k)
        for k in '01'
    ]
    assert found[0].read_text() == found[1].read_text()


def test_the_keys_of_the_data_set_are_the_default(kfold):
    made = json.loads(kfold().with_suffix('.json').read_text())
    assert (made['group'], made['stratify']) == ('', ['organ'])
    made = json.loads(
        kfold('--stratify', 'none', out='b').with_suffix('.json').read_text()
    )
    assert made['stratify'] == []


def test_groups_stay_whole(kfold):
    path = kfold(*'--num-folds 2 --group organ --stratify empty'.split())
    rows = read_table(path, ['id', 'fold', 'organ', 'empty'])
    assert len({(row['fold'], row['organ']) for row in rows}) == 2
    made = json.loads(path.with_suffix('.json').read_text())
    assert made['counts']['groups (organ)'] == [1, 1]
    assert made['counts']['empty: no'] == [6, 6]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ('--group patient', r"no sample has 'patient'; known are .*organ, .*"),
        ('--stratify organ,organn', "no sample has 'organn'"),
        ('--group organ', '5 folds need 5 groups or more, and there are 2'),
        ('--num-folds 13', '13 folds need 13 samples or more'),
        (
            '--cfg-options train_dataloader.dataset.type=ADE20KDataset',
            'trains on 0 data sets of this package',
        ),
    ],
)
def test_what_cannot_be_is_one_message(kfold, tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        kfold(*arguments.split())
    assert not (tmp_path / 'splits').exists()


def test_folds_that_tear_the_groups_of_the_data_set(kfold, monkeypatch):
    monkeypatch.setattr(HuBMAPDataset, 'group', 'organ')
    with pytest.raises(InputError, match="2 of 2 values of 'organ' are on bo"):
        kfold('--group', 'none')


def test_other_folds_are_not_overwritten(kfold):
    before = kfold('--seed', '0').read_text()
    assert kfold('--seed', '0').read_text() == before
    with pytest.raises(InputError, match='holds other folds'):
        kfold('--num-folds', '2')


def test_real_layout(real_data, tool, tmp_path, hubmap, tiny_config):
    root = real_data('hubmap_layout_tissue')
    config = tiny_config(root)
    given = '--num-folds 4 --stratify organ,area --out'.split()
    tool('kfold').main([config, *given, str(tmp_path)])
    made = json.loads((tmp_path / 'folds.json').read_text())
    assert made['counts']['images'] == [4, 4, 4, 4]
    quantiles = [v for k, v in made['counts'].items() if k.startswith('area')]
    assert quantiles == [[1, 1, 1, 1]] * 4
