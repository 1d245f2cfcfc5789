import json

import numpy as np
import pytest

from mmseg_medical.apis.kfold import FoldTable, make_fold_table
from mmseg_medical.datasets import HuBMAPDataset, SplitError
from mmseg_medical.datasets.areas import ClassAreas
from mmseg_medical.errors import InputError

TABLE = FoldTable(
    folds=dict(a=0, b=1, c=1, d=0, e=1),
    groups=list('xyyxz'),
    strata={'organ': ['lung', 'lung', '', 'liver', 'lung']},
    areas=[ClassAreas(np.array([k, k]), 10) for k in range(5)],
    made=dict(group='case', seed=3),
)


def test_counts_by_hand():
    assert TABLE.counts() == {
        'images': [2, 3],
        'groups (case)': [1, 2],
        'organ: (none)': [0, 1],
        'organ: liver': [1, 0],
        'organ: lung': [1, 2],
    }
    # Of two classes: shares of 0, 0.2, 0.4, 0.6 and 0.8.
    assert TABLE.foreground() == pytest.approx([0.4, 0.3, 1.4 / 3])


def test_the_table_to_print():
    header, *rows = TABLE.rows()
    assert header == ['', 'all', 'fold 0', 'fold 1']
    assert rows[0] == ['images', '5', '2', '3']
    assert rows[-1] == ['mean foreground', '40.00 %', '30.00 %', '46.67 %']


def test_what_is_written(tmp_path):
    TABLE.write(tmp_path / 'folds.csv')
    assert (tmp_path / 'folds.csv').read_text().splitlines() == [
        'id,fold,case,organ',
        *('a,0,x,lung', 'b,1,y,lung', 'c,1,y,', 'd,0,x,liver', 'e,1,z,lung'),
    ]
    made = json.loads((tmp_path / 'folds.json').read_text())
    assert made['seed'] == 3
    assert made['counts']['images'] == [2, 3]
    assert made['mean_foreground']['all'] == pytest.approx(0.4)


def test_folds_of_a_data_set(hubmap, monkeypatch):
    config = dict(type='HuBMAPDataset', data_root=str(hubmap(8)), fold=3)
    table = make_fold_table(config, num_folds=2, stratify=['organ', 'empty'])
    assert sorted(table.folds) == [str(101 + k) for k in range(8)]
    assert table.counts()['organ: kidney'] == [2, 2]
    assert table.groups is None
    assert table.made['stratify'] == ['organ', 'empty']
    monkeypatch.setattr(HuBMAPDataset, 'group', 'organ')
    table = make_fold_table(config, num_folds=2)
    assert sorted(table.counts()['groups (organ)']) == [1, 1]
    with pytest.raises(SplitError, match="values of 'organ' are on both si"):
        make_fold_table(config, num_folds=2, group='')


def test_masks_that_cannot_be_read_are_left_out_or_stop(hubmap):
    root = hubmap(6)
    table = root / 'train.csv'
    lines = table.read_text().splitlines()
    lines[2] = lines[2].replace(',37,', ' 9,37,')
    table.write_text('\n'.join(lines))
    config = dict(type='HuBMAPDataset', data_root=str(root))
    with pytest.raises(InputError, match=r'train\.csv id 102'):
        make_fold_table(config, num_folds=2)
    found = make_fold_table(
        dict(config, strict=False), num_folds=2, stratify=['area']
    )
    assert sorted(found.folds) == ['101', '103', '104', '105', '106']
    assert len(found.areas) == 5
    with pytest.raises(SplitError, match='bins is 1 or more, got 0'):
        make_fold_table(config, num_folds=2, bins=0)
