import pytest

from mmseg_medical.datasets import (
    DatasetError,
    HuBMAPDataset,
    MedicalDataset,
    SplitError,
)


def ids(dataset):
    return [dataset.get_data_info(k)['img_id'] for k in range(len(dataset))]


def test_every_sample_says_what_mmsegmentation_needs(hubmap):
    sample = HuBMAPDataset(data_root=str(hubmap())).get_data_info(0)
    assert sample['seg_fields'] == []
    assert sample['label_map'] is None
    assert sample['reduce_zero_label'] is False
    assert issubclass(HuBMAPDataset, MedicalDataset)


def test_a_split_file_chooses_and_orders(hubmap):
    root = hubmap()
    (root / 'val.txt').write_text('103\n101\n')
    dataset = HuBMAPDataset(data_root=str(root), split='val.txt')
    assert ids(dataset) == ['103', '101']


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('101\n999\n', "1 ids that .*train.csv has not, first '999'"),
        ('', 'is empty'),
        ('101\n101\n', 'names ids twice'),
    ],
)
def test_a_split_of_other_data_is_refused(hubmap, text, message):
    root = hubmap()
    (root / 'val.txt').write_text(text)
    with pytest.raises(SplitError, match=message):
        HuBMAPDataset(data_root=str(root), split='val.txt')
    with pytest.raises(FileNotFoundError, match='check split'):
        HuBMAPDataset(data_root=str(root), split='none.txt')


def test_folds_are_disjoint_complete_and_stratified(hubmap):
    root = str(hubmap(10))
    everything = [str(101 + k) for k in range(10)]
    held_out = []
    for fold in range(5):
        val = HuBMAPDataset(data_root=root, fold=fold, part='val')
        train = HuBMAPDataset(data_root=root, fold=fold, part='train')
        assert sorted(ids(val) + ids(train)) == everything
        organs = {val.get_data_info(k)['organ'] for k in range(len(val))}
        assert organs == {'kidney', 'lung'}
        held_out += ids(val)
    assert sorted(held_out) == everything


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(fold=5), 'fold is 0 to 4, got 5'),
        (dict(fold=0, part='test'), "'train' or 'val', got 'test'"),
    ],
)
def test_folds_that_do_not_exist(hubmap, arguments, message):
    with pytest.raises(DatasetError, match=message):
        HuBMAPDataset(data_root=str(hubmap()), **arguments)


def test_a_missing_root_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none' is no folder; data/R"):
        HuBMAPDataset(data_root=str(tmp_path / 'none'))


def test_missing_images_are_counted_and_the_first_is_named(hubmap):
    root = hubmap()
    for name in ('102', '104'):
        (root / 'train_images' / f'{name}.tiff').unlink()
    with pytest.raises(FileNotFoundError, match=r"2 of 4 .*first id '102'"):
        HuBMAPDataset(data_root=str(root))


def test_more_folds_than_samples(hubmap):
    with pytest.raises(SplitError, match=r'csv: 7 folds need 7 samples'):
        HuBMAPDataset(data_root=str(hubmap()), fold=6, num_folds=7)


def test_a_table_of_folds_lies_in_the_data_or_where_one_works(
    hubmap, tmp_path, monkeypatch
):
    root = hubmap()
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'splits').mkdir()
    (tmp_path / 'splits/folds.csv').write_text('id,fold\n104,7\n101,3\n')
    options = dict(data_root=str(root), split='splits/folds.csv')
    val = HuBMAPDataset(**options, fold=7, part='val')
    assert ids(val) == ['104']
    assert val.fold_numbers() == [3, 7]
    assert ids(HuBMAPDataset(**options, fold=7)) == ['101']
    (root / 'splits').mkdir()
    (root / 'splits/folds.csv').write_text('id,fold\n102,7\n')
    assert ids(HuBMAPDataset(**options)) == ['102']


def test_groups_of_a_class_stay_on_one_side(hubmap):
    class Grouped(HuBMAPDataset):
        group = 'organ'
        stratum = ''

    root = str(hubmap(6))
    val = Grouped(data_root=root, fold=0, num_folds=2, part='val')
    assert {val.get_data_info(k)['organ'] for k in range(3)} in (
        {'kidney'},
        {'lung'},
    )
    assert val.fold_numbers() == [0, 1]
    with pytest.raises(SplitError, match='3 folds need 3 groups or more'):
        Grouped(data_root=root, fold=0, num_folds=3)


def test_missing_images_can_be_left_out(hubmap):
    root = hubmap()
    for name in ('102', '104'):
        (root / 'train_images' / f'{name}.tiff').unlink()
    dataset = HuBMAPDataset(data_root=str(root), strict=False)
    assert ids(dataset) == ['101', '103']
    assert dataset.left_out == {'images that are missing': ['102', '104']}


def test_what_holds_for_all_samples_is_not_stored_with_each(hubmap):
    dataset = HuBMAPDataset(data_root=str(hubmap()))
    first, second = (dataset.get_data_info(k) for k in range(2))
    assert first['classes'] == ('background', 'functional tissue unit')
    assert first['overlapping'] is False
    assert first['seg_fields'] is not second['seg_fields']
    assert b'functional' not in dataset.data_bytes.tobytes()


@pytest.mark.parametrize('name', ['../101', 'a/../../b', '/101', ''])
def test_names_that_lead_elsewhere(hubmap, name):
    root = hubmap(id=name, count=1)
    with pytest.raises(ValueError, match=r"leads out of|no name|id is ''"):
        HuBMAPDataset(data_root=str(root))
