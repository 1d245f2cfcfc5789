import pytest

from mmseg_medical.converters.table import TableError
from mmseg_medical.datasets import DatasetError, HuBMAPKidneyDataset

PIPELINE = [
    dict(type='ChooseRandomRegion', scale=(0.3, 0.5), foreground=1.0),
    dict(type='LoadImageRegion'),
    dict(type='LoadMaskRegion'),
    dict(type='PackMedicalInputs'),
]


def test_windows_of_slides_in_any_order_of_axes(kidney):
    dataset = HuBMAPKidneyDataset(data_root=str(kidney()), pipeline=PIPELINE)
    assert len(dataset) == 3
    for item in dataset:
        mask = item['data_samples'].gt_sem_seg.data
        img = item['inputs']
        assert img.shape[0] == 3
        assert img.shape[1:] == mask.shape[1:]
        assert mask.any()
        assert img[:, mask[0] > 0].float().mean() < 110
    assert item['data_samples'].metainfo['patient'] == '67549'


def test_patients_stay_whole(kidney):
    root = str(kidney())
    parts = [
        HuBMAPKidneyDataset(data_root=root, fold=k, num_folds=2, part='val')
        for k in range(2)
    ]
    patients = [
        {d.get_data_info(k)['patient'] for k in range(len(d))} for d in parts
    ]
    assert sorted(map(len, parts)) == [1, 2]
    assert patients[0].isdisjoint(patients[1])


def test_without_the_table_of_information(kidney):
    root = kidney()
    (root / 'HuBMAP-20-dataset_information.csv').unlink()
    dataset = HuBMAPKidneyDataset(data_root=str(root))
    assert dataset.group == ''
    assert 'patient' not in dataset.get_data_info(0)


def test_slides_of_the_test(kidney, write_table):
    root = kidney()
    (root / 'train').rename(root / 'test')
    write_table(
        root / 'sample_submission.csv',
        [('id', 'predicted'), ('2f6ecfcdf', '')],
    )
    dataset = HuBMAPKidneyDataset('sample_submission.csv', str(root))
    assert len(dataset) == 1
    assert 'rle' not in dataset.get_data_info(0)


def test_tables_of_other_data(kidney, write_table):
    root = kidney()
    write_table(root / 'train.csv', [('id', 'rle'), ('2f6ecfcdf', '')])
    with pytest.raises(TableError, match="no column 'encoding'"):
        HuBMAPKidneyDataset(data_root=str(root))


def test_a_slide_of_an_unknown_patient(kidney):
    root = kidney()
    table = root / 'HuBMAP-20-dataset_information.csv'
    table.write_text(''.join(table.read_text().splitlines(True)[:-1]))
    with pytest.raises(DatasetError, match=r'id aaa6a05cc: .* not know its p'):
        HuBMAPKidneyDataset(data_root=str(root))
    dataset = HuBMAPKidneyDataset(data_root=str(root), strict=False)
    assert (len(dataset), dataset.group) == (2, 'patient')
