import pytest
from mmengine.config import Config

from mmseg_medical.apis.folds import (
    build_whole,
    chosen_by,
    dataset_configs,
    fold_dir,
    set_fold,
    validation_data,
)
from mmseg_medical.errors import InputError


def data(part=None, **options):
    config = dict(type='HuBMAPDataset', data_root='d', num_folds=2, **options)
    return {**config, 'part': part} if part else config


def config(train, val, test=None):
    loaders = dict(train=train, val=val, test=test or val)
    return Config(
        {
            **{f'{k}_dataloader': dict(dataset=v) for k, v in loaders.items()},
            'val_evaluator': dict(type='OverlapMetric'),
            'test_evaluator': dict(type='IoUMetric'),
        }
    )


def test_data_sets_are_found_in_wrappers():
    both = dict(type='ConcatDataset', datasets=[data(fold=1), data(fold=2)])
    wrapped = dict(type='mmengine.RepeatDataset', times=2, dataset=both)
    found = dataset_configs(dict(batch_size=2, dataset=wrapped))
    assert [one['fold'] for one in found] == [1, 2]
    assert not list(dataset_configs(dict(dataset=dict(type='ADE20KDataset'))))
    assert not list(dataset_configs(None))


def test_a_fold_is_set_in_all_loaders():
    cfg = config(data(fold=0), data('val', fold=0))
    set_fold(cfg, 3, split='folds.csv')
    for name in ('train', 'val', 'test'):
        dataset = cfg[f'{name}_dataloader'].dataset
        assert (dataset.fold, dataset.split) == (3, 'folds.csv')
    assert cfg.test_evaluator.type == 'IoUMetric'


def test_hidden_test_images_make_way_for_the_held_out_part():
    hidden = data(ann_file='test.csv')
    cfg = config(data(), data('val'), hidden)
    set_fold(cfg, 1)
    assert cfg.test_dataloader == cfg.val_dataloader
    assert cfg.test_dataloader.dataset.part == 'val'
    assert cfg.test_evaluator.type == 'OverlapMetric'


def test_data_that_are_not_validated_on_are_trained_on_whole():
    more = data(ann_file='other.csv')
    more['pseudo_labels'] = 'labels/fold_{fold}'
    both = dict(type='ConcatDataset', datasets=[data(), more])
    cfg = config(both, data('val'))
    set_fold(cfg, 1)
    one, other = cfg.train_dataloader.dataset.datasets
    assert one.fold == 1
    assert 'fold' not in other
    assert other.pseudo_labels == 'labels/fold_1'


@pytest.mark.parametrize(
    ('train', 'val', 'message'),
    [
        (data(), data(), r"val_dataloader.dataset needs part='val' .*'train'"),
        (data('val'), data('val'), r"train_dataloader.dataset needs part='tr"),
        (dict(type='ADE20KDataset'), data('val'), 'train_dataloader has no d'),
        (data(), dict(type='ADE20KDataset'), 'val_dataloader has no data set'),
        (
            data(split='train.txt'),
            data('val', split='val.txt'),
            r"differ in split \('train\.txt', 'val\.txt'\): .* the same split",
        ),
    ],
)
def test_what_has_no_folds_is_refused(train, val, message):
    with pytest.raises(InputError, match=message):
        set_fold(config(train, val), 0)


def test_a_whole_data_set_and_its_folds(hubmap):
    root = hubmap(5)
    (root / 'folds.csv').write_text('id,fold\n101,4\n102,2\n')
    one = data('val', fold=1, pipeline=[dict(type='Unknown')])
    one['data_root'] = str(root)
    whole = build_whole(one)
    assert len(whole.load_data_list()) == 5
    cfg = config(data(), one)
    assert validation_data(cfg).fold_numbers() == [0, 1]
    found = validation_data(cfg, split='folds.csv').fold_numbers()
    assert found == [2, 4]


def test_files_that_choose_samples_and_masks(hubmap, tmp_path):
    root = hubmap()
    (root / 'val.txt').write_text('101')
    labels = tmp_path / 'labels' / 'fold_1'
    labels.mkdir(parents=True)
    one = dict(data(fold=1, split='val.txt'), data_root=str(root))
    one['pseudo_labels'] = str(labels.parent / 'fold_{fold}')
    assert chosen_by(one) == [root / 'val.txt']  # the data set says so
    (labels / 'provenance.json').touch()
    assert chosen_by(one) == [root / 'val.txt', labels / 'provenance.json']


def test_folders():
    assert fold_dir('work_dirs/a', 3) == 'work_dirs/a/fold_3'
