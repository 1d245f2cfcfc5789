import cv2
import numpy as np
import pytest

from mmseg_medical.converters.pseudo_labels import PseudoLabels
from mmseg_medical.datasets import DatasetError, FolderDataset, HuBMAPDataset
from mmseg_medical.datasets.present import classes_present
from mmseg_medical.datasets.transforms import LoadMaskRegion
from mmseg_medical.errors import InputError

CLASSES = ['background', 'functional tissue unit']


@pytest.fixture
def make(tmp_path):
    """Write pseudo labels of some images, of 64 x 80 pixels."""

    def write(ids, name='labels', task='binary', classes=CLASSES):
        shape = (len(classes),) if task == 'multilabel' else ()
        made = PseudoLabels(tmp_path / name)
        made.provenance = dict(
            round=1, parents=[], task=task, classes=classes, models={}
        )
        rng = np.random.default_rng(0)
        for k, img_id in enumerate(ids):
            row = dict(confidence='1', sure='1', foreground='0', models='')
            made.rows[img_id] = dict(row, id=img_id)
            values = [0, 255] if k else [0, 1, 255]
            mask = rng.choice(values, (*shape, 64, 80)).astype(np.uint8)
            made.write_mask(img_id, mask)
        made.write()
        return str(made.folder)

    return write


def ids(dataset):
    return [dataset.get_data_info(k)['img_id'] for k in range(len(dataset))]


def test_masks_stand_for_those_of_the_owner(hubmap, make, capsys):
    folder = make(['101', '103'])
    dataset = HuBMAPDataset(data_root=str(hubmap(4)), pseudo_labels=folder)
    assert ids(dataset) == ['101', '103']
    sample = dataset.get_data_info(1)
    assert 'rle' not in sample
    assert sample['organ'] == 'kidney'
    mask = LoadMaskRegion()(dict(sample))['gt_seg_map']
    stored = PseudoLabels.open(folder).path('103')
    assert sample['pseudo_path'] == str(stored)
    assert mask.shape == (64, 80)
    assert set(np.unique(mask)) == {0, 255}  # is not taken for a class
    # Settings of the owner's masks are not those of these.
    window = dict(sample, region=(3, 5, 20, 30))
    found = LoadMaskRegion(values={255: 1})(window)['gt_seg_map']
    np.testing.assert_array_equal(found, mask[3:23, 5:35])
    assert classes_present(dataset) == [('functional tissue unit',), ()]


def test_a_part_of_a_fold_has_its_own(hubmap, make):
    root = str(hubmap(4))
    make(['101', '102', '103', '104'], 'fold_1')
    folder = make(['101'], 'fold_0')[:-1] + '{fold}'
    options = dict(data_root=root, num_folds=2, pseudo_labels=folder)
    train = HuBMAPDataset(fold=1, **options)
    whole = HuBMAPDataset(data_root=root, num_folds=2, fold=1)
    assert ids(train) == ids(whole)
    assert len(train) == 2
    with pytest.raises(InputError, match=r'which of the folds of .*--fold K'):
        HuBMAPDataset(**options)


@pytest.fixture
def images(tmp_path):
    def write(names):
        folder = tmp_path / 'root' / 'images'
        folder.mkdir(parents=True)
        for name in names:
            img = np.zeros((64, 80, 3), np.uint8)
            cv2.imwrite(str(folder / f'{name}.png'), img)
        return str(folder.parent)

    return write


def test_folders_of_images_without_masks(images, make):
    root = images(['a', 'b'])
    dataset = FolderDataset(
        data_root=root,
        data_prefix=dict(img_path='images'),
        metainfo=dict(classes=CLASSES),
        pseudo_labels=make(['b']),
    )
    assert ids(dataset) == ['b']


@pytest.mark.parametrize('classes', [['a'], ['a', 'b', 'c']])
def test_planes_of_classes_that_overlap(images, make, classes):
    dataset = FolderDataset(
        data_root=images(['x']),
        data_prefix=dict(img_path='images'),
        seg_map_suffix='/{class}.png',
        metainfo=dict(classes=classes),
        pseudo_labels=make(['x'], task='multilabel', classes=classes),
    )
    mask = LoadMaskRegion()(dataset.get_data_info(0))['gt_seg_map']
    assert mask.shape == (64, 80, len(classes))
    assert set(np.unique(mask)) == {0, 1, 255}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(ids=['900', '901']), r"masks of no image of .* first is '900'"),
        (
            dict(ids=['101', '900']),
            r'1 images of .* that the data set has not',
        ),
        (dict(classes=['bg', 'ftu']), r"masks of \['bg', 'ftu'\], .* has the"),
        (dict(task='multilabel'), 'overlap, those of .* do not'),
    ],
)
def test_masks_that_are_of_other_data(hubmap, make, options, message):
    folder = make(**{'ids': ['101'], **options})
    with pytest.raises(InputError, match=message):
        HuBMAPDataset(data_root=str(hubmap(4)), pseudo_labels=folder)


def test_what_is_not_there(hubmap, make, tmp_path):
    root = str(hubmap(4))
    with pytest.raises(InputError, match=r'no pseudo labels \(provenance'):
        HuBMAPDataset(data_root=root, pseudo_labels=str(tmp_path))
    folder = make(['101'])
    PseudoLabels.open(folder).path('101').unlink()
    with pytest.raises(FileNotFoundError, match=r'1 samples whose files are'):
        HuBMAPDataset(data_root=root, pseudo_labels=folder)
    with pytest.raises(
        DatasetError, match=r'no sample is left; 3 images without'
    ):
        HuBMAPDataset(data_root=root, pseudo_labels=folder, strict=False)
