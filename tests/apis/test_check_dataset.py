import shutil

import cv2
import numpy as np
import pytest
import tifffile

from mmseg_medical.apis.check_dataset import check_dataset
from mmseg_medical.converters import rle
from mmseg_medical.converters.table import read_table, write_table
from mmseg_medical.datasets.checks import Severity, loading
from mmseg_medical.datasets.checks.facts import image_facts
from mmseg_medical.errors import InputError


def kinds(check, least=Severity.WARNING):
    return [one.kind for one in check.findings if one.severity >= least]


def change(path, flags=cv2.IMREAD_UNCHANGED):
    """Pixels of an image file, and how to write others."""
    img = cv2.imread(str(path), flags)
    return img, lambda new: cv2.imwrite(str(path), new)


def test_a_clean_folder(pairs):
    check = check_dataset(str(pairs()))
    assert check.layouts[0].name == 'mask_folders'
    assert kinds(check, Severity.NOTE) == []
    assert not check.wrong(strict=True)
    assert [str(one) for one in check.observations] == ['0', '1', '2', '3']
    part, sample = check.sample(2)
    assert (part.name, sample['img_id']) == ('', '2')
    with pytest.raises(IndexError):
        check.sample(4)


def test_a_clean_config(pairs, pair_config):
    check = check_dataset(pair_config(pairs()))
    assert not check.layouts
    assert kinds(check, Severity.NOTE) == []
    names = [str(one) for one in check.observations]
    assert sorted(n.split('/')[1] for n in names) == ['0', '1', '2', '3']
    assert names[0].startswith('train/')
    part, sample = check.sample(3)
    assert f'{part.name}/{sample["img_id"]}' == names[3]


def test_processes_give_the_same(pairs):
    root = str(pairs(70))
    one, several = (check_dataset(root, workers=n) for n in (0, 2))
    assert [o.image.digest for o in one.observations] == [
        o.image.digest for o in several.observations
    ]
    assert one.findings == several.findings


def test_masks_of_0_and_255(pairs, pair_config):
    root = pairs(value=255)
    check = check_dataset(str(root))
    assert kinds(check) == ['mask_255']
    assert check.findings[0].names == ('0', '1', '2', '3')
    assert check.wrong()
    assert kinds(check_dataset(pair_config(root))) == ['mask_255']
    told = pair_config(root, load='values={255: 1}')
    assert kinds(check_dataset(told)) == []


def test_values_that_are_no_class(pairs, pair_config):
    root = pairs()
    mask, write = change(root / 'masks' / '1.png')
    mask[0] = 7
    write(mask)
    check = check_dataset(pair_config(root))
    assert kinds(check) == ['mask_values']
    assert [name[-1] for name in check.findings[0].names] == ['1']


def test_files_that_are_cut_short(pairs):
    root = pairs()
    for name in ('images/0.png', 'masks/1.png'):
        data = (root / name).read_bytes()
        (root / name).write_bytes(data[: len(data) // 2])
    check = check_dataset(str(root))
    assert sorted(kinds(check)) == ['image', 'mask']
    found = {one.kind: one for one in check.findings}
    assert found['image'].names == ('0',)
    assert found['mask'].names == ('1',)
    assert 'images/0.png' in found['image'].details[0]


def test_copies_on_both_sides(pairs, pair_config):
    root = pairs()
    path = pair_config(root)
    check = check_dataset(path)
    first, last = (check.observations[k].name for k in (0, -1))
    for part in ('images', 'masks'):
        shutil.copy(root / part / f'{first}.png', root / part / f'{last}.png')
    check = check_dataset(path)
    assert kinds(check) == ['duplicates_across']
    assert check.findings[0].names == (f'train/{first}', f'val/{last}')


def test_sizes_channels_and_emptiness(pairs):
    root = pairs(5)
    mask, write = change(root / 'masks' / '0.png')
    write(mask.T.copy())
    img, write = change(root / 'images' / '1.png')
    write(img[..., 0])
    mask, write = change(root / 'masks' / '2.png')
    write(mask * 0)
    img, write = change(root / 'images' / '3.png')
    write(img * 0 + 5)
    check = check_dataset(str(root))
    assert kinds(check) == ['mask_size', 'channels', 'blank']
    assert kinds(check, Severity.NOTE)[3:] == ['mask_empty']
    found = {one.kind: one.names for one in check.findings}
    assert found == {
        'mask_size': ('0',),
        'channels': ('1',),
        'mask_empty': ('2',),
        'blank': ('3',),
    }


def test_16_bits(pairs):
    root = pairs()
    for k, path in enumerate(sorted((root / 'images').iterdir())):
        img, write = change(path)
        write(img[..., 0].astype(np.uint16) * (1 if k else 40))
    check = check_dataset(str(root))
    assert kinds(check) == ['range']
    assert check.findings[0].names == ('1', '2', '3')
    assert not check.wrong()
    assert check.wrong(strict=True)


def test_run_lengths_and_sizes_of_a_table(hubmap):
    root = hubmap(4)
    rows = read_table(root / 'train.csv', ['id'])
    rows[0]['rle'] += ' 99999 3'
    rows[1]['img_width'] = '81'
    write_table(root / 'train.csv', rows[0], [r.values() for r in rows])
    check = check_dataset(str(root))
    assert kinds(check) == ['table_size', 'runs']
    table, runs = check.findings[:2]
    assert table.config == dict(dataset=dict(wrong_sizes=['102']))
    assert runs.names == ('101',)
    assert 'leaves the image' in runs.details[0]


def test_run_lengths_of_another_dialect(hubmap):
    root = hubmap(4, rle='')
    rows = read_table(root / 'train.csv', ['id'])
    for k, row in enumerate(rows):
        mask = np.zeros((64, 80), np.uint8)
        cv2.circle(mask, (30 + k, 30), 14, 1, -1)
        flat = np.flatnonzero(np.diff(mask.reshape(-1), prepend=0, append=0))
        starts, ends = flat[::2], flat[1::2]
        pairs = np.stack([starts + 1, ends - starts], 1).reshape(-1)
        row['rle'] = ' '.join(map(str, pairs))  # along the rows
    write_table(root / 'train.csv', rows[0], [r.values() for r in rows])
    check = check_dataset(str(root))
    assert kinds(check) == ['dialect']
    assert "'kaggle_row', not 'kaggle'" in check.findings[0].problem


def test_groups_on_both_sides(pairs, tmp_path):
    root = pairs()
    rows = [
        (f'images/{k}.png', f'masks/{k}.png', f'p{k // 3}') for k in range(4)
    ]
    write_table(root / 'all.csv', ('image', 'mask', 'patient'), rows)
    for part, ids in (('train', '02'), ('val', '13')):
        lines = [f'images/{k}\n' for k in ids]
        (root / f'{part}.txt').write_text(''.join(lines))
    path = tmp_path / 'table.py'
    path.write_text(f"""
data = dict(
    type='TableDataset', data_root={str(root)!r}, ann_file='all.csv',
    mask='mask', metainfo=dict(classes=('background', 'disc')),
    pipeline=[dict(type='LoadMaskRegion')],
)
train_dataloader = dict(dataset=dict(data, split='train.txt'))
val_dataloader = dict(dataset=dict(data, split='val.txt'))
""")
    check = check_dataset(str(path))
    assert kinds(check) == ['groups_across']
    assert check.findings[0].command == 'tools/kfold.py CONFIG --group patient'
    assert len(check.findings[0].names) == 3


def test_a_layout_may_be_chosen(pairs):
    root = pairs()
    (root / 'labels').mkdir()
    shutil.copy(root / 'masks' / '0.png', root / 'labels' / '0.png')
    for k in (1, 2, 3):
        cv2.imwrite(str(root / f'labels/{k}.png'), np.zeros((40, 60)))
    check = check_dataset(str(root), layout='mask_folders:2')
    assert check.layouts[0].name == 'mask_folders:2'
    assert len(check.layouts) == 2
    with pytest.raises(InputError, match=r"no layout 'coco', but mask_fol"):
        check_dataset(str(root), layout='coco')


def test_large_slides_are_read_in_bands(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, '_BAND', 20_000)
    monkeypatch.setattr(loading, '_ROWS', 64)
    (tmp_path / 'train').mkdir()
    img = np.zeros((300, 240, 3), np.uint8)
    img[150:180, 50:70] = 200
    tifffile.imwrite(
        tmp_path / 'train' / 'a.tiff', img, photometric='rgb', tile=(64, 64)
    )
    pairs = [f'{300 * x + 151} 30' for x in range(50, 70)]
    rows = [('a', ' '.join(pairs))]
    write_table(tmp_path / 'train.csv', ('id', 'encoding'), rows)
    check = check_dataset(str(tmp_path))
    (one,) = check.observations
    assert one.image.shape == (300, 240, 3)
    assert one.image.digest == image_facts([img[..., ::-1]]).digest
    assert one.mask.foreground == {1: 600}
    assert not one.mask.sizes
    assert not kinds(check)


REAL = {
    # folder: samples, then findings that are errors, warnings and notes
    'abdomen16_uwm_layout': (62, (0, 1, 5)),
    'cxr_lungs': (16, (1, 0, 5)),
    'cxr_siim_sample': (5, (0, 0, 2)),
    'dicom_misc': (18, (2, 5, 2)),
    'hubmap_layout_tissue': (16, (0, 0, 2)),
    'labelme_real_json': (6, (0, 2, 5)),
    'nuclei_dsb2018_stained': (40, (0, 0, 1)),
    'pathology_he_labelme': (27, (0, 0, 3)),
    'real_rle': (1, (0, 1, 1)),
    'wsi_cmu1': (1, (0, 1, 0)),
}


@pytest.mark.parametrize('folder', REAL)
def test_real_folders(real_data, folder):
    check = check_dataset(str(real_data(folder)), workers=0)
    samples, counts = REAL[folder]
    assert len(check.observations) == samples
    found = tuple(map(check.count, reversed(Severity)))
    assert found == counts, [one.problem for one in check.findings]


def test_real_masks_of_0_and_255_and_of_jpeg(real_data):
    root = str(real_data('pathology_he_labelme'))
    check = check_dataset(root, layout='mask_folders', workers=0)
    assert kinds(check) == ['mask_255']
    assert len(check.findings[0].names) == 27
    check = check_dataset(root, layout='mask_folders:2', workers=0)
    assert kinds(check) == ['mask_shades']
    assert check.findings[0].config['value_thr'] == 128


def test_data_sets_of_one_part_have_their_own_pipelines(pairs, tmp_path):
    """As those of ConcatDataset: the values of their masks differ."""
    roots = [pairs(2, value, root=f'v{value}') for value in (1, 255)]
    for k in range(2):
        img, write = change(roots[1] / f'images/{k}.png')
        write(255 - img)
    path = tmp_path / 'both.py'
    path.write_text(f"""
data = dict(
    type='FolderDataset', metainfo=dict(classes=('background', 'disc')),
)
first = dict(
    **data, data_root={str(roots[0])!r}, pipeline=[dict(type='LoadMaskRegion')]
)
second = dict(
    **data, data_root={str(roots[1])!r},
    pipeline=[dict(type='LoadMaskRegion', values={{255: 1}})],
)
train_dataloader = dict(
    dataset=dict(type='ConcatDataset', datasets=[first, second])
)
""")
    check = check_dataset(str(path))
    assert kinds(check) == []
    assert [o.mask.foreground.keys() for o in check.observations] == [{1}] * 4


def test_run_lengths_of_square_images_along_the_rows(hubmap):
    root = hubmap(8, size=(64, 64))
    assert 'axes' not in kinds(check_dataset(str(root)))
    rows = read_table(root / 'train.csv', ['id'])
    for row in rows:
        mask = rle.decode(row['rle'], (64, 64), 'kaggle')
        row['rle'] = rle.encode(mask, 'kaggle_row')
    write_table(root / 'train.csv', rows[0], [r.values() for r in rows])
    check = check_dataset(str(root))
    assert 'axes' in kinds(check)


def test_annotations_that_are_cut_short(pairs):
    root = pairs()
    shutil.rmtree(root / 'masks')
    (root / 'instances.json').write_text('{"images": [{"id": 1, ')
    check = check_dataset(str(root))
    assert kinds(check) == ['annotations', 'unlabelled']
    assert check.findings[0].names == ('instances.json',)
    assert check.wrong()
