import cv2
import numpy as np
import pytest

from mmseg_medical.converters import coco
from mmseg_medical.errors import InputError


@pytest.fixture
def masks(tmp_path):
    """Three images of two nuclei, the last mask of one is missing."""
    for name, numbers in (('p', (1, 2)), ('q', (1, 3)), ('r', ())):
        folder = tmp_path / 'train' / name
        for part in ('images', 'masks'):
            (folder / part).mkdir(parents=True)
        img = np.zeros((5, 6, 3), np.uint8)
        cv2.imwrite(str(folder / 'images' / f'{name}.png'), img)
        for number in numbers:
            mask = np.zeros((5, 6), np.uint8)
            mask[number, 1:4] = 255
            cv2.imwrite(str(folder / 'masks' / f'mask_{number}.png'), mask)
    return tmp_path / 'train'


def test_from_masks_to_coco(tool, masks, tmp_path, capsys):
    target = tmp_path / 'out.json'
    tool('convert').main([str(masks), str(target), '--to-format', 'coco'])
    out, progress = capsys.readouterr()
    assert progress.startswith('3 images in ')
    assert 'tolerated: 1\n' in out
    assert 'q/masks lacks 1 of the numbers of its masks, first 2' in out
    assert 'read: 3 images, 1 of them empty; objects: nucleus 4' in out
    assert 'classes: 1 nucleus' in out
    assert f'wrote 3 images to {target} (coco)' in out
    records = list(coco.read(target))
    assert [len(r.annotations) for r in records] == [2, 2, 0]


def test_options_reach_both_formats(tool, masks, tmp_path, capsys):
    path, target = tmp_path / 'a.json', tmp_path / 'maps'
    tool('convert').main(
        [
            *(str(masks), str(path), '--from-format', 'object_masks'),
            *('--to-format', 'coco', '--from-options', 'label=cell'),
            *('--to-options', 'polygons=True'),
        ]
    )
    tool('convert').main(
        [
            *(str(path), str(target), '--to-format', 'index_maps'),
            *('--to-options', "values={255: 'cell'}"),
        ]
    )
    assert 'classes: 1 cell' in capsys.readouterr().out
    mask = cv2.imread(str(target / 'p.png'), cv2.IMREAD_UNCHANGED)
    assert mask[1].tolist() == [0, 255, 255, 255, 0, 0]


def test_errors_are_listed(tool, masks, tmp_path, capsys):
    mask = masks / 'p' / 'masks' / 'mask_1.png'
    cv2.imwrite(str(mask), np.zeros((4, 4), np.uint8))
    arguments = [str(masks), str(tmp_path / 'o.csv'), '--to-format', 'dsb2018']
    with pytest.raises(InputError, match=r'mask_1\.png has \(4, 4\)'):
        tool('convert').main(arguments)
    assert not (tmp_path / 'o.csv').exists()
    tool('convert').main([*arguments, '--skip-errors'])
    out = capsys.readouterr().out
    assert 'skipped: 2\n' in out
    assert 'leave the row out' in out
    assert 'wrote 1 images' in out
    with pytest.raises(InputError, match='exists already'):
        tool('convert').main([*arguments, '--skip-errors'])


def test_overlaps(tool, masks, tmp_path, capsys):
    masks_of_p = masks / 'p' / 'masks'
    for number in (1, 2):
        cv2.imwrite(
            str(masks_of_p / f'mask_{number}.png'),
            np.full((5, 6), 255, np.uint8),
        )
    arguments = [
        *(str(masks), str(tmp_path / 'o'), '--to-format', 'ome_tiff'),
        *('--to-options', 'content=objects'),
    ]
    with pytest.raises(InputError, match='overlaps an earlier'):
        tool('convert').main(arguments)
    tool('convert').main([*arguments, '--overlap', 'later'])
    assert 'p: 30 pixels of overlaps' in capsys.readouterr().out


def test_wrong_arguments(tool, masks, tmp_path, capsys):
    target = str(tmp_path / 'out')
    with pytest.raises(InputError, match='say which: --to-format'):
        tool('convert').main([str(masks), target])
    with pytest.raises(InputError, match="unknown format 'x'"):
        tool('convert').main([str(masks), target, '--to-format', 'x'])
    with pytest.raises(InputError, match="'x' is not KEY=VALUE"):
        tool('convert').main(
            [*(str(masks), target), '--to-format', 'coco', '--to-options', 'x']
        )
    with pytest.raises(SystemExit):
        tool('convert').main(['--help'])
    out = capsys.readouterr().out
    assert 'uw_madison' in out
    assert '(read only)' in out
    assert '(extra dicom)' in out
