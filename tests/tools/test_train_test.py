"""Training, resuming and testing from the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical.apis.command_line import run_tool
from mmseg_medical.converters import rle
from mmseg_medical.converters.table import read_table
from mmseg_medical.converters.tiff import TIFFImage, read_metadata

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


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


def test_a_killed_run_goes_on_as_if_it_had_not_been(
    hubmap, tiny_config, tmp_path, clean_environment
):
    config = tiny_config(hubmap(), 12)

    def start(work_dir, *more):
        command = [sys.executable, str(TOOLS / 'train.py'), config]
        log = open(tmp_path / f'{work_dir}.log', 'a')
        return subprocess.Popen(
            [*command, '--work-dir', str(tmp_path / work_dir), *more],
            env=clean_environment,
            stdout=log,
            stderr=log,
        )

    whole = start('whole')
    killed = start('killed')
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / 'killed' / 'iter_6.pth').exists():
            assert killed.poll() is None, (tmp_path / 'killed.log').read_text()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert whole.wait(120) == 0, (tmp_path / 'whole.log').read_text()
    finally:
        for process in (whole, killed):
            process.kill()
    before = losses(tmp_path / 'killed')
    assert len(before) < 12
    resumed = start('killed', '--resume')
    assert resumed.wait(120) == 0, (tmp_path / 'killed.log').read_text()
    log = (tmp_path / 'killed.log').read_text()
    assert 'Advance dataloader' not in log
    assert 'resumed epoch: 0, iter: ' in log
    expected = losses(tmp_path / 'whole')
    assert len(expected) == 12
    assert losses(tmp_path / 'killed') == expected


def test_two_processes_on_the_cpu_give_the_scores_of_one(
    tool, hubmap, tiny_config, tmp_path, clean_environment
):
    config = tiny_config(hubmap(7), 4)
    environment = dict(clean_environment, PORT='29611')
    work_dir = tmp_path / 'two'
    done = subprocess.run(
        [
            *(str(TOOLS / 'dist_train.sh'), config, '2'),
            *('--work-dir', str(work_dir)),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert set(losses(work_dir)) == {1, 2, 3, 4}
    checkpoint = str(work_dir / 'iter_4.pth')
    done = subprocess.run(
        [
            *(str(TOOLS / 'dist_test.sh'), config, checkpoint, '2', '--tta'),
            *('--work-dir', str(tmp_path / 'test2')),
            *('--out', str(tmp_path / 'probs2')),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    single = tool('test').main(
        [
            *(config, checkpoint, '--tta'),
            *('--work-dir', str(tmp_path / 'test1')),
            *('--out', str(tmp_path / 'probs1')),
        ]
    )
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
