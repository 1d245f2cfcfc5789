import numpy as np
import pytest

from mmseg_medical.apis.config import read_config
from mmseg_medical.apis.labelled_maps import LabelledMaps
from mmseg_medical.converters import rle
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.converters.table import read_table
from mmseg_medical.datasets import HuBMAPDataset
from mmseg_medical.errors import InputError


def test_maps_of_folds_come_with_their_masks(out_of_fold, tmp_path):
    config, folder = out_of_fold(5)
    data = LabelledMaps(read_config(config), str(folder))
    assert not data.made
    assert data.folds == {
        '101': 'fold_0',
        '102': 'fold_0',
        '105': 'fold_0',
        '103': 'fold_1',
        '104': 'fold_1',
    }
    found = {one.img_id: one for one in data.over(['fold_0', 'fold_1'])}
    for row in read_table(tmp_path / 'hubmap' / 'train.csv', ['id', 'rle']):
        one = found[row['id']]
        expected = rle.decode(row['rle'], (64, 80), 'hubmap')
        np.testing.assert_array_equal(one.gt, expected[None])
        np.testing.assert_array_equal(one.probs, data.maps.read(row['id']))
        assert one.meta['organ'] == row['organ']
    assert [one.img_id for one in data.over(['fold_1'])] == ['103', '104']
    assert data.group('101', 'organ') == 'kidney'
    assert data.group('101', '') == ''
    assert data.patient('101') == '101'
    with pytest.raises(InputError, match="'101' has no 'stain'; its data set"):
        data.group('101', 'stain')


def test_maps_of_one_test_are_divided(out_of_fold):
    config, folder = out_of_fold(6)
    data = LabelledMaps(read_config(config), str(folder / 'fold_0'))
    assert data.made
    assert sorted(data.folds.values()) == [f'part_{k}' for k in range(4)]


def test_one_patient_alone_cannot_be_divided(out_of_fold, monkeypatch):
    config, folder = out_of_fold(6)
    monkeypatch.setattr(HuBMAPDataset, 'group', 'data_source')
    with pytest.raises(
        InputError, match=r"all 4 images .* are of 'HPA': noth"
    ):
        LabelledMaps(read_config(config), str(folder / 'fold_0'))


def test_pixels_that_are_ignored_and_other_sizes(pairs, pair_config, tmp_path):
    folder = pairs(4, value=1)
    config = pair_config(folder, load='values={0: 255}')
    maps = ProbabilityMaps(
        tmp_path / 'maps',
        ids=list('0123'),
        task='binary',
        classes=('background', 'disc'),
        postprocess=dict(mask_thr=0.5),
        origin={},
    )
    maps.start()
    for name in maps.ids:
        maps.write(name, np.zeros((1, 40, 60)))
    data = LabelledMaps(read_config(config), str(maps.folder))
    one, *_ = data.over(set(data.folds.values()))
    assert np.unique(one.gt).tolist() == [1, 255]
    maps.write('2', np.zeros((1, 40, 61)))
    with pytest.raises(
        InputError, match=r"image '2' has \(40, 61\) pixels .*"
    ):
        list(data.over(set(data.folds.values())))


def test_maps_of_other_data_are_refused(out_of_fold, tmp_path):
    config, folder = out_of_fold(4)
    cfg = read_config(config)
    path = folder / 'fold_0' / '101.tiff'
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(InputError, match=r"lacks 1 of 4 maps, first \['101'"):
        LabelledMaps(cfg, str(folder))
    path.write_bytes(content)
    other = ProbabilityMaps.open(folder)
    other.folder, other.classes = tmp_path / 'other', ['background', 'cell']
    other.folders = {}
    other.start()
    for name in other.ids:
        other.write(name, np.zeros((1, 64, 80)))
    with pytest.raises(
        InputError, match=r"classes \['background', 'cell'\], "
    ):
        LabelledMaps(cfg, str(other.folder))
    table = tmp_path / 'hubmap' / 'train.csv'
    lines = table.read_text().splitlines()
    table.write_text('\n'.join(lines[:3]))
    with pytest.raises(
        InputError, match=r"2 of 4 images .* first '103': thes"
    ):
        LabelledMaps(cfg, str(folder))


def test_images_without_a_mask_cannot_be_searched(out_of_fold, tmp_path):
    config, folder = out_of_fold(4)
    cfg = read_config(
        config, options={'val_dataloader.dataset.ann_file': 'test.csv'}
    )
    root = tmp_path / 'hubmap'
    lines = (root / 'train.csv').read_text().splitlines()
    (root / 'test.csv').write_text(
        '\n'.join(','.join(line.split(',')[:7]) for line in lines)
    )
    (root / 'test_images').symlink_to(root / 'train_images')
    data = LabelledMaps(cfg, str(folder))
    with pytest.raises(InputError, match="image '101' has no mask to compare"):
        list(data.over(['fold_0']))
