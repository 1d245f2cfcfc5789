import json
import re
import struct
import sys

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.visualization import MLflowVisBackend
from mmseg.registry import VISBACKENDS, VISUALIZERS

from mmseg_medical.errors import InputError
from mmseg_medical.visualization import MLflowBackend, backends

PICTURE = np.dstack([np.full((6, 8), v, np.uint8) for v in (250, 100, 0)])
SCORES = {'dice_per_image/organ=lung': 0.75, 'loss': 0.5, 'rate': np.nan}


def log(kind, folder, **options):
    """Write a config, scores of two iterations and two pictures."""
    visualizer = VISUALIZERS.build(
        dict(
            type='SegLocalVisualizer',
            name=f'{folder}_{kind}',
            save_dir=str(folder),
            vis_backends=[
                dict(type='LocalVisBackend'),
                dict(type=kind, **options),
            ],
        )
    )
    visualizer.add_config(Config(dict(work_dir=str(folder), lr=1e-3)))
    for step in (50, 1000):
        visualizer.add_scalars({**SCORES, 'loss': 1 / step}, step=step)
        visualizer.add_scalar('late', step, step=step)
        visualizer.add_image('overlay_a', PICTURE, step=step)
    visualizer.close()
    return folder / 'vis_data'


def test_tensorboard_has_every_step(tmp_path, events):
    found = events(log('TensorboardBackend', tmp_path))
    assert found['loss'] == [
        (50, pytest.approx(1 / 50)),
        (1000, pytest.approx(1 / 1000)),
    ]
    assert found['dice_per_image/organ=lung'] == [(50, 0.75), (1000, 0.75)]
    assert found['late'] == [(50, 50), (1000, 1000)]
    assert found['overlay_a'] == [(50, (8, 6)), (1000, (8, 6))]


def test_a_run_goes_on_without_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'torch.utils.tensorboard', None)
    said = []
    monkeypatch.setattr(
        backends, 'print_log', lambda text, logger: said.append(text)
    )
    folder = log('TensorboardBackend', tmp_path)
    assert said == [
        'no curves for TensorBoard, which is not installed:  pip install '
        "'mmsegmentation-medical[track]'"
    ]
    assert not list(folder.glob('events*'))
    rows = (folder / 'scalars.json').read_text().splitlines()
    assert [json.loads(row)['step'] for row in rows] == [50, 50, 1000, 1000]
    assert (folder / 'vis_image' / 'overlay_a_1000.png').is_file()


def wandb_records(data):
    """Records of a file of W&B: blocks as those of LevelDB's logs."""
    place, whole = 7, b''
    while place + 7 <= len(data):
        left = 2**15 - place % 2**15
        if left < 7:
            place += left
            continue
        _, size, kind = struct.unpack_from('<IHB', data, place)
        whole += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # a whole record, or its last part
            yield whole
            whole = b''


def test_wandb_has_every_step(tmp_path, monkeypatch):
    pytest.importorskip('wandb', reason='no wandb:  pip install wandb')
    from wandb.proto import wandb_internal_pb2

    monkeypatch.setenv('WANDB_MODE', 'offline')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    folder = log('WandbBackend', tmp_path)
    (path,) = folder.rglob('run-*.wandb')
    rows = {}
    for data in wandb_records(path.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.HasField('history'):
            row = {
                '/'.join(one.nested_key): json.loads(one.value_json)
                for one in record.history.item
            }
            rows[record.history.step.num] = row
    assert sorted(rows) == [50, 1000]
    for step, row in rows.items():
        assert row['loss'] == 1 / step
        assert row['late'] == step
        assert row['dice_per_image/organ=lung'] == 0.75
        assert row['overlay_a/width'] == 8


@pytest.fixture
def mlflow(monkeypatch):
    found = pytest.importorskip(
        'mlflow', reason='no MLflow:  pip install mlflow'
    )
    monkeypatch.delenv('MLFLOW_TRACKING_URI', raising=False)
    before = found.get_tracking_uri()
    yield found
    found.set_tracking_uri(before)


def test_mlflow_has_every_step(tmp_path, mlflow, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = log('MLflowBackend', tmp_path / 'w', exp_name='glands')
    assert (folder / 'mlflow.db').is_file()
    assert [path.name for path in tmp_path.iterdir()] == ['w']
    client = mlflow.MlflowClient(f'sqlite:///{folder}/mlflow.db')
    experiment = client.get_experiment_by_name('glands')
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == 'FINISHED'
    assert run.data.params['lr'] == '0.001'

    def history(name):
        found = client.get_metric_history(run.info.run_id, name)
        return [(one.step, one.value) for one in found]

    assert history('loss') == [(50, 1 / 50), (1000, 1 / 1000)]
    assert history('late') == [(50, 50), (1000, 1000)]
    name = 'dice_per_image/organ_lung'
    assert history(name) == [(50, 0.75), (1000, 0.75)]
    files = [
        path.name for path in (folder / 'artifacts').rglob('overlay*.png')
    ]
    steps = {re.split(r'[%+]step[%+](\d+)', name)[1] for name in files}
    assert steps == {'50', '1000'}


@pytest.mark.parametrize('name', ['wandb', 'mlflow'])
def test_what_is_asked_for_has_to_be_there(name, tmp_path, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda _: None)
    kind = dict(wandb='WandbBackend', mlflow='MLflowBackend')[name]
    with pytest.raises(InputError, match=f'{kind} needs .*install {name}$'):
        log(kind, tmp_path)


def test_mlflow_by_environment(tmp_path, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda _: True)
    monkeypatch.setattr(MLflowVisBackend, '_init_env', lambda _: None)
    monkeypatch.setenv('MLFLOW_TRACKING_URI', 'http://mlflow.example')
    backend = MLflowBackend(str(tmp_path))
    backend._init_env()
    assert backend._tracking_uri == 'http://mlflow.example'
    assert backend._artifact_location is None


@pytest.mark.parametrize(
    'kind', ['TensorboardBackend', 'WandbBackend', 'MLflowBackend']
)
def test_nothing_is_imported_or_made_before_it_is_used(kind, tmp_path):
    backend = VISBACKENDS.build(dict(type=kind, save_dir=str(tmp_path / 'w')))
    backend.close()
    assert not list(tmp_path.iterdir())
    assert MLflowBackend is VISBACKENDS.get('MLflowBackend')
