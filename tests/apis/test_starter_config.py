import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_medical.apis.check_dataset import check_dataset
from mmseg_medical.apis.starter_config import starter_config
from mmseg_medical.converters.table import write_table


@pytest.fixture
def started(tmp_path):
    """Check of the config that is proposed, and the config itself."""

    def start(check):
        path = tmp_path / 'starter.py'
        path.write_text(starter_config(check) + '\n')
        return check_dataset(str(path)), Config.fromfile(path)

    return start


def test_it_mends_what_was_found(pairs, started):
    root = pairs(5, value=255)
    img = cv2.imread(str(root / 'images' / '0.png'))
    cv2.imwrite(str(root / 'images' / '0.png'), img[..., 0])
    check = check_dataset(str(root))
    assert {one.kind for one in check.findings} == {'channels', 'mask_255'}
    again, cfg = started(check)
    assert not again.findings
    assert len(again.observations) == 5
    assert [step.type for step in cfg.train_pipeline] == [
        *('ChooseRandomRegion', 'LoadImageRegion', 'LoadMaskRegion'),
        'PackMedicalInputs',
    ]
    assert cfg.train_pipeline[1].channels == 3
    assert cfg.train_pipeline[2]['values'] == {255: 1}
    assert cfg.test_pipeline == cfg.train_pipeline[1:]
    assert cfg.model.task == 'binary'


def test_classes_are_those_of_the_values(pairs, started):
    root = pairs(5, value=100)
    for k in range(5):
        mask = cv2.imread(str(root / f'masks/{k}.png'), 0)
        mask[30:] = 200
        cv2.imwrite(str(root / f'masks/{k}.png'), mask)
    again, cfg = started(check_dataset(str(root)))
    assert cfg.data.metainfo.classes == ('background', 'class 1', 'class 2')
    assert cfg.train_pipeline[2]['values'] == {100: 1, 200: 2}
    assert (cfg.model.task, cfg.model.decode_head.num_classes) == (
        *('multiclass', 3),
    )
    assert not [f for f in again.findings if f.severity]


def test_classes_of_colours_keep_their_colours(pairs, started):
    root = pairs(5)
    for path in (root / 'masks').iterdir():
        mask = cv2.imread(str(path), 0)
        colours = np.zeros((*mask.shape, 3), np.uint8)
        colours[mask > 0] = (0, 0, 255)  # BGR
        colours[30:] = (0, 255, 0)
        cv2.imwrite(str(path), colours)
    again, cfg = started(check_dataset(str(root)))
    assert not again.findings
    assert cfg.data.metainfo.palette == [[0, 0, 0], [0, 255, 0], [255, 0, 0]]
    assert cfg.model.decode_head.num_classes == 3
    assert {*again.observations[0].mask.foreground} == {1, 2}


def test_gray_of_16_bits_is_mapped_and_made_three_channels(pairs, started):
    root = pairs(5)
    for path in (root / 'images').iterdir():
        img = cv2.imread(str(path), 0)
        cv2.imwrite(str(path), img.astype(np.uint16) * 9)
    again, cfg = started(check_dataset(str(root)))
    assert cfg.train_pipeline[1].channels == 3
    assert cfg.train_pipeline[2].type == 'MapIntensity'
    assert not again.findings


def test_parts_of_a_folder_are_not_folds(pairs, started):
    for part in ('train', 'val'):
        root = pairs(3, root=f'data/{part}').parent
        if part == 'val':
            for path in (root / 'val').glob('images/*'):
                cv2.imwrite(str(path), 255 - cv2.imread(str(path)))
    again, cfg = started(check_dataset(str(root)))
    assert not again.findings
    assert [part.name for part in again.parts] == ['train', 'val']
    assert cfg.data.fold is None
    assert cfg.val_dataset.data_prefix.img_path == 'val/images'


@pytest.mark.parametrize(('count', 'fold'), [(1, (None, 5)), (3, (0, 3))])
def test_few_samples_make_few_folds(pairs, started, count, fold):
    again, cfg = started(check_dataset(str(pairs(count))))
    assert not [f for f in again.findings if f.kind == 'dataset']
    data = DATASETS.build(cfg.train_dataloader.dataset)
    assert (data.fold, data.num_folds) == fold


def test_run_lengths_of_another_dialect_in_a_table(pairs, started):
    root = pairs(6)
    rows = []
    for k in range(6):
        path = root / f'masks/{k}.png'
        flat = cv2.imread(str(path), 0).reshape(-1)
        path.unlink()
        edges = np.flatnonzero(np.diff(flat, prepend=0, append=0))
        starts, ends = edges[::2], edges[1::2]
        runs = np.stack([starts + 1, ends - starts], 1).reshape(-1)
        rows.append((k, ' '.join(map(str, runs)), f'p{k // 2}'))
    write_table(root / 'train.csv', ('id', 'rle', 'patient'), rows)
    check = check_dataset(str(root))
    assert [f.kind for f in check.findings if f.severity] == ['dialect']
    again, cfg = started(check)
    assert cfg.data.rle_dialect == 'kaggle_row'
    assert (cfg.data.group, cfg.data.num_folds) == ('patient', 3)
    assert not again.findings


def test_an_owner_needs_few_lines(hubmap, started):
    root = hubmap(5)
    check = check_dataset(str(root))
    lines = starter_config(check).splitlines()
    at = lines.index("    type='HuBMAPDataset',")
    assert lines[at - 1 : at + 4] == [
        'data = dict(',
        "    type='HuBMAPDataset',",
        "    ann_file='train.csv',",
        f"    data_root='{root}',",
        ')',
    ]
    again, _ = started(check)
    assert again.about.classes == check.about.classes


def test_there_is_none_of_a_config_or_without_masks(pairs, pair_config):
    root = pairs()
    assert starter_config(check_dataset(pair_config(root))) == ''
    for path in root.glob('masks/*'):
        path.unlink()
    assert starter_config(check_dataset(str(root))) == ''


@pytest.mark.parametrize('classes', [3, 30])
def test_long_lines_are_broken(pairs, started, classes):
    root = pairs(1)
    for path in root.glob('masks/*'):
        path.unlink()
    (root / 'masks' / '0').mkdir()
    for k in range(classes):
        name = f'a class with a name {k:02}'
        cv2.imwrite(str(root / f'masks/0/{name}.png'), np.ones((40, 60)))
    check = check_dataset(str(root))
    text = starter_config(check)
    assert max(map(len, text.splitlines())) < 120
    assert len(text.splitlines()) < 60
    _, cfg = started(check)
    assert cfg.data.metainfo.classes[2] == 'a class with a name 02'
    assert len(cfg.data.metainfo.classes) == classes
    assert cfg.model.task == 'multilabel'
    assert cfg.model.decode_head.num_classes == classes


def test_it_trains(pairs, started, tool, tmp_path):
    root = pairs(5, value=100)
    for k in range(5):
        mask = cv2.imread(str(root / f'masks/{k}.png'), 0)
        mask[30:] = 200
        cv2.imwrite(str(root / f'masks/{k}.png'), mask)
    _, cfg = started(check_dataset(str(root)))
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.num_workers, loader.persistent_workers = 0, False
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    cfg.dump(tmp_path / 'two.py')
    work_dir = tmp_path / 'work'
    command = [str(tmp_path / 'two.py'), '--work-dir', str(work_dir)]
    tool('train').main([*command, '--no-pretrained'])
    assert [*work_dir.glob('best_dice_per_image_iter_2.pth')]
