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
        ('101\n999\n', r'1 ids of .*val\.txt that the data .* first 999'),
        ('998\n999\n', "val.txt names no id of .*train.csv, first '998'"),
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


def test_a_subset_by_values(hubmap):
    root = str(hubmap(6))
    lungs = HuBMAPDataset(data_root=root, subset=dict(organ='lung'))
    organs = {lungs.get_data_info(k)['organ'] for k in range(len(lungs))}
    assert organs == {'lung'}
    both = HuBMAPDataset(data_root=root, subset=dict(organ=['lung', 'kidney']))
    assert 0 < len(lungs) < len(both) == 6
    with pytest.raises(DatasetError, match="organ 'heart', the samples have"):
        HuBMAPDataset(data_root=root, subset=dict(organ='heart'))


def test_a_subset_of_a_file_leaves_the_folds_as_they_are(hubmap):
    root = hubmap(6)
    path = root / 'ids.txt'

    def names(text, **arguments):
        path.write_text(text)
        dataset = HuBMAPDataset(
            data_root=str(root), num_folds=2, fold=0, **arguments
        )
        return [
            dataset.get_data_info(k)['img_id'] for k in range(len(dataset))
        ]

    train, held_out = names(''), names('', part='val')
    ids = [held_out[0], *train[:2]]
    assert names('\n'.join(ids), subset='ids.txt') == train[:2]
    with pytest.raises(SplitError, match=r'3 ids of .*none of the 3 of this'):
        names('\n'.join(held_out), subset='ids.txt')
    with pytest.raises(SplitError, match=r'1 ids of .* has not, first 999'):
        names(f'{train[0]}\n999', subset='ids.txt')
    with pytest.raises(FileNotFoundError, match=r'no\.txt .*check subset'):
        names('', subset='no.txt')


def test_a_missing_root_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none' is no folder; data/R"):
        HuBMAPDataset(data_root=str(tmp_path / 'none'))


def test_missing_images_are_counted_and_the_first_is_named(hubmap):
    root = hubmap()
    for name in ('102', '104'):
        (root / 'train_images' / f'{name}.tiff').unlink()
    with pytest.raises(
        FileNotFoundError, match=r'2 samples .*first 102 \(.*102\.tiff\)'
    ):
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
    names = [f'{k} ({root}/train_images/{k}.tiff)' for k in (102, 104)]
    assert dataset.left_out == {'samples whose files are missing': names}


def test_rows_that_cannot_be_used_are_listed_and_left_out(hubmap):
    root = hubmap(5)
    lines = (root / 'train.csv').read_text().splitlines()
    lines[1] = lines[1].replace('0.4', 'x')
    lines[3] = lines[3].replace('103', '..')
    (root / 'train.csv').write_text('\n'.join([*lines, lines[2]]))
    dataset = HuBMAPDataset(data_root=str(root), strict=False)
    assert ids(dataset) == ['102', '104', '105']
    (listed,) = dataset.left_out.values()
    for text, message in zip(
        listed,
        ["id 101: pixel_size is 'x'", 'no name of a file', 'is there twice'],
        strict=True,
    ):
        assert message in text
    assert len(dataset.load_data_list()) == 3
    assert [*dataset.left_out.values()] == [listed]


def test_ids_of_a_split_that_are_gone_can_be_left_out(hubmap):
    root = hubmap()
    (root / 'folds.csv').write_text('id,fold\n101,0\n999,0\n104,1\n')
    dataset = HuBMAPDataset(
        data_root=str(root),
        split='folds.csv',
        fold=0,
        part='val',
        strict=False,
    )
    assert ids(dataset) == ['101']
    assert [*dataset.left_out.values()] == [['999']]
    (root / 'folds.csv').write_text('id,fold\n999,0\n')
    with pytest.raises(SplitError, match='names no id of'):
        HuBMAPDataset(data_root=str(root), split='folds.csv', strict=False)


def test_no_sample_at_all(hubmap):
    root = hubmap(2)
    for path in (root / 'train_images').iterdir():
        path.unlink()
    with pytest.raises(
        DatasetError, match='no sample is left; 2 samples whose files are'
    ):
        HuBMAPDataset(data_root=str(root), strict=False)


def test_an_archive_that_was_not_unpacked(hubmap):
    root = hubmap()
    (root / 'train_images').rename(root / 'elsewhere')
    (root / 'train_images.zip').touch()
    with pytest.raises(
        FileNotFoundError, match=r'missing.*; is train_images\.zip unpacked\?'
    ):
        HuBMAPDataset(data_root=str(root))
    (root / 'train.csv').unlink()
    with pytest.raises(FileNotFoundError, match=r'csv does not exist.*zip'):
        HuBMAPDataset(data_root=str(root))


def test_polygons_that_are_missing(hubmap):
    root = hubmap()
    (root / 'train_annotations' / '102.json').unlink()
    options = dict(data_root=str(root), mask_source='polygon')
    with pytest.raises(FileNotFoundError, match=r'first 102 \(.*102\.json'):
        HuBMAPDataset(**options)
    assert len(HuBMAPDataset(**options, strict=False)) == 3


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
