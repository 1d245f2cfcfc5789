"""Training, resuming and testing from the command line."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmseg_medical.apis.command_line import run_tool
from mmseg_medical.converters import rle
from mmseg_medical.converters.table import read_table
from mmseg_medical.converters.tiff import TIFFImage, read_metadata

TOOLS = Path(__file__).parents[2] / 'tools'


def losses(work_dir):
    """Loss by iteration, of all runs in a work_dir; later runs win."""
    found = {}
    for log in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            if 'loss' in entry:
                found[entry['step']] = entry['loss']
    return found


def scores(work_dir):
    (log,) = work_dir.glob('*/*.json')
    entry = json.loads(log.read_text())
    return {
        k: v
        for k, v in entry.items()
        if k.startswith(('dice', 'iou', 'image_'))
    }


def test_from_training_to_submission(tool, hubmap, tiny_config, tmp_path):
    """Every step of the main job, in one process."""
    evaluators = "[dict(type='OverlapMetric'), dict(type='IoUMetric')]"
    config = tiny_config(hubmap(6), 6, f'test_evaluator = {evaluators}')
    work_dir, probs = tmp_path / 'work', tmp_path / 'probs'
    tool('train').main(
        [config, '--work-dir', str(work_dir), '--no-pretrained']
    )
    assert set(losses(work_dir)) == {1, 2, 3, 4, 5, 6}
    (best,) = work_dir.glob('best_dice_per_image_iter_*.pth')

    result = tool('test').main(
        [
            *(config, str(best), '--work-dir', str(work_dir), '--tta'),
            *('--out', str(probs), '--show-dir', 'pictures'),
        ]
    )
    assert 0 <= result['dice_per_image'] <= 1
    assert {'mIoU', 'dice_pooled'} <= set(result)
    table = read_table(work_dir / 'per_image.csv', ['id', 'dice'])
    assert len(table) == 3
    mean = np.mean([float(row['dice']) for row in table])
    assert mean == pytest.approx(result['dice_per_image'], abs=1e-6)
    for row in table:
        name = row['id']
        assert TIFFImage(probs / f'{name}.tiff').shape == (64, 80)
        assert read_metadata(probs / f'{name}.tiff')['task'] == 'binary'
        (picture,) = work_dir.glob(f'*/pictures/{name}.jpg')
        assert cv2.imread(str(picture)).shape == (64, 64, 3)

    path = tmp_path / 'submission.csv'
    tool('submission').main(['hubmap', str(probs), '--out', str(path)])
    rows = {row['id']: row['rle'] for row in read_table(path, ['id', 'rle'])}
    assert len(rows) == 3
    for row in table:
        mask = rle.decode(rows[row['id']], (64, 80), 'hubmap')
        assert mask.sum() == int(row['predicted_area'])

    tool('report').main([str(work_dir), '--overlays', str(picture.parent)])
    page = (work_dir / 'report.html').read_text()
    assert page.count('<img src="data:image/jpeg') == 3
    assert f'<b>{result["dice_per_image"]:.4f}</b>mean Dice' in page
    tool('report').main([str(work_dir), '--maps', str(probs)])
    page = (work_dir / 'report.html').read_text()
    assert f'<td>{result["dice_per_image"]:.4f}</td>' in page  # of its curve
    assert f'{result["dice_pooled"]:.4f}<br><small>' in page
    assert best.name in page


def test_a_killed_run_goes_on_as_if_it_had_not_been(
    tool, hubmap, tiny_config, tmp_path, clean_environment
):
    config, folder = tiny_config(hubmap(), 12), tmp_path / 'killed'
    with open(tmp_path / 'killed.log', 'w') as log:
        killed = subprocess.Popen(
            [
                *(sys.executable, str(TOOLS / 'train.py'), config),
                *('--work-dir', str(folder)),
            ],
            env=clean_environment,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 120
        while not (folder / 'iter_6.pth').exists():
            assert killed.poll() is None, (tmp_path / 'killed.log').read_text()
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        killed.kill()
        killed.wait()
    assert len(losses(folder)) < 12
    tool('train').main([config, '--work-dir', str(tmp_path / 'whole')])
    tool('train').main([config, '--work-dir', str(folder), '--resume'])
    log = max(folder.glob('*/*.log')).read_text()
    assert 'Advance dataloader' not in log
    assert 'resumed epoch: 0, iter: ' in log
    expected = losses(tmp_path / 'whole')
    assert len(expected) == 12
    assert losses(folder) == expected


def test_two_processes_train_on_the_cpu(
    hubmap, tiny_config, tmp_path, clean_environment, free_port
):
    config, work_dir = tiny_config(hubmap(), 4), tmp_path / 'two'
    done = subprocess.run(
        [
            *(str(TOOLS / 'dist_train.sh'), config, '2'),
            *('--work-dir', str(work_dir)),
        ],
        env=dict(clean_environment, PORT=free_port),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert set(losses(work_dir)) == {1, 2, 3, 4}
    assert (work_dir / 'iter_4.pth').is_file()


def test_the_script_that_tests(clean_environment):
    done = subprocess.run(
        [str(TOOLS / 'dist_test.sh'), *'a.py b.pth 2 --tta'.split()],
        env=dict(clean_environment, PORT='29611', PYTHON='echo'),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    command = done.stdout.split()
    assert command[:2] == ['-m', 'torch.distributed.run']
    assert {'--nproc-per-node=2', '--master-port=29611'} <= set(command)
    tail = ['a.py', 'b.pth', '--launcher', 'pytorch', '--tta']
    assert command[-6:] == [str(TOOLS / 'test.py'), *tail]


def test_two_processes_give_the_scores_of_one(
    tool, trained, hubmap, tiny_config, tmp_path, on_two_ranks
):
    config, checkpoint = tiny_config(hubmap(7)), str(trained.checkpoint)

    def start(folders, *more):
        return tool('test').main(
            [
                *(config, checkpoint, '--tta', *more),
                *('--work-dir', str(tmp_path / f'test{folders}')),
                *('--out', str(tmp_path / f'probs{folders}')),
            ]
        )

    on_two_ranks(lambda: start(2, '--launcher', 'pytorch'))
    single = start(1)
    both = scores(tmp_path / 'test2')
    assert both == pytest.approx(single, abs=1e-9, nan_ok=True)
    tables = [
        (tmp_path / f'test{n}' / 'per_image.csv').read_text() for n in (1, 2)
    ]
    assert tables[0] == tables[1]
    names = [sorted(os.listdir(tmp_path / f'probs{n}')) for n in (1, 2)]
    assert names[0] == names[1]
    assert len(names[0]) == 5  # four maps and what they are


def test_a_mistake_is_one_line(tool, hubmap, tiny_config, tmp_path):
    """A worker finds the broken file; the message comes through whole."""
    root = hubmap()
    (root / 'train_images' / '102.tiff').write_bytes(b'<html>')
    arguments = [
        *(tiny_config(root), '--work-dir', str(tmp_path / 'w')),
        *('--cfg-options', 'train_dataloader.num_workers=1'),
        'randomness.seed=1',
    ]
    with pytest.raises(SystemExit) as caught:
        run_tool(lambda _: tool('train').main(arguments))
    text = str(caught.value.code)
    assert text.startswith('error: ')
    assert '102.tiff cannot be read as TIFF' in text
    assert text.endswith('it is a web page with another name')
    assert 'Traceback' not in text
