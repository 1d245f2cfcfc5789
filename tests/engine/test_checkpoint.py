import errno
import io
import pickle

import numpy as np
import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint as mmengine_load
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical.engine import checkpoint as module
from mmseg_medical.engine.checkpoint import (
    CheckpointError,
    check_meta,
    check_weights,
    download_checkpoint,
    latest_checkpoint,
    load_checkpoint,
    use_safe_loading,
)


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


class Boobytrap:
    def __reduce__(self):
        return (print, ('code was run',))


def write_log(path):
    log = HistoryBuffer([1.0, 2.0], [1, 1])
    contents = dict(
        state_dict=dict(weight=torch.ones(2)),
        message_hub=dict(log_scalars={'train/loss': log}),
        meta=dict(score=np.float64(0.5), names=np.array([1, 2])),
    )
    torch.save(contents, path)


def test_checkpoints_of_mmengine_are_safe(tmp_path):
    write_log(tmp_path / 'a.pth')
    loaded = load_checkpoint(tmp_path / 'a.pth')
    log = loaded['message_hub']['log_scalars']['train/loss']
    assert log.statistics('mean', 2) == 1.5
    assert loaded['meta']['score'] == 0.5


def test_files_of_numpy_1_are_read(tmp_path):
    write_log(tmp_path / 'a.pth')
    data = (tmp_path / 'a.pth').read_bytes()
    there = np.zeros(0).__reduce__()[0].__module__.encode()
    assert there in data
    other = {
        b'numpy._core.multiarray': b'numpy.core.multiarray',
        b'numpy.core.multiarray': b'numpy._core.multiarray',
    }[there]
    with torch.serialization.safe_globals(module._safe_globals()):
        state = pickle.dumps(np.arange(3), 2).replace(there, other)
        contents = torch._weights_only_unpickler.load(io.BytesIO(state))
    assert contents.tolist() == [0, 1, 2]


def test_what_can_run_code_is_refused(tmp_path, capsys):
    torch.save(dict(state_dict={}, trap=Boobytrap()), tmp_path / 'a.pth')
    with pytest.raises(
        CheckpointError, match=r'a\.pth holds more .*print.*--trust-checkpoint'
    ):
        load_checkpoint(tmp_path / 'a.pth')
    assert capsys.readouterr().out == ''
    load_checkpoint(tmp_path / 'a.pth', trust=True)
    assert capsys.readouterr().out == 'code was run\n'


def test_getattr_reaches_nothing_but_log_statistics(tmp_path):
    class Reach:
        def __reduce__(self):
            return (getattr, (HistoryBuffer, '__init__'))

    torch.save(dict(a=Reach()), tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='getattr of'):
        load_checkpoint(tmp_path / 'a.pth')


@pytest.mark.parametrize('share', [0, 0.5])
def test_damaged_files_are_named(tmp_path, share):
    torch.save(dict(a=torch.ones(10_000)), tmp_path / 'a.pth')
    data = (tmp_path / 'a.pth').read_bytes()
    (tmp_path / 'a.pth').write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match=r'a\.pth'):
        load_checkpoint(tmp_path / 'a.pth')
    with pytest.raises(FileNotFoundError, match=r'none\.pth does not exist'):
        load_checkpoint(tmp_path / 'none.pth')


def test_mmengine_loads_by_it(tmp_path):
    torch.save(dict(state_dict={}, trap=Boobytrap()), tmp_path / 'a.pth')
    model = torch.nn.Linear(1, 1)
    use_safe_loading()
    with pytest.raises(CheckpointError):
        mmengine_load(model, str(tmp_path / 'a.pth'))
    use_safe_loading(trust=True)
    mmengine_load(model, str(tmp_path / 'a.pth'))


def test_a_failed_download_names_the_flag(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    url = 'https://example.org/mit_b2.pth'
    with pytest.raises(CheckpointError, match=r'mit_b2.*--no-pretrained'):
        download_checkpoint(url)
    use_safe_loading()
    with pytest.raises(CheckpointError, match='could not be downloaded'):
        mmengine_load(torch.nn.Linear(1, 1), url)


def test_a_file_that_was_put_there_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    path = tmp_path / 'hub' / 'checkpoints' / 'mit_b2.pth'
    path.parent.mkdir(parents=True)
    path.write_bytes(b'')
    assert download_checkpoint('https://example.org/mit_b2.pth') == path


def test_the_latest_checkpoint(tmp_path):
    assert latest_checkpoint(tmp_path) is None
    for step in (2, 4):
        (tmp_path / f'iter_{step}.pth').write_text('')
    note = tmp_path / 'last_checkpoint'
    note.write_text(str(tmp_path / 'iter_2.pth'))
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'iter_2.pth')
    note.write_text('/moved/from/iter_4.pth')
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'iter_4.pth')
    note.write_text('')  # cut short by a full disk
    assert latest_checkpoint(tmp_path).endswith('.pth')


def test_atomic_files(tmp_path, monkeypatch):
    backend = get_file_backend(backend_args=dict(backend='AtomicBackend'))
    path = tmp_path / 'a.pth'
    backend.put(b'old', str(path))

    def full(self, data):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(type(path), 'write_bytes', full)
    with pytest.raises(OSError, match=r'a\.pth: No space left'):
        backend.put(b'new', str(path))
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]


def test_other_labels_are_refused():
    meta = dict(task='binary', dataset_meta=dict(classes=('bg', 'gland')))
    check_meta(meta, 'binary', ['bg', 'gland'], 'a.pth')
    check_meta({}, 'binary', ['bg', 'gland'], 'a.pth')
    with pytest.raises(CheckpointError, match=r"a\.pth .* task 'binary'"):
        check_meta(meta, 'multilabel', ['bg', 'gland'], 'a.pth')
    with pytest.raises(CheckpointError, match='classes'):
        check_meta(meta, 'binary', ['bg', 'nucleus'], 'a.pth')


def test_weights_that_a_test_needs():
    model = torch.nn.ModuleDict(
        dict(
            backbone=torch.nn.Conv2d(1, 4, 3),
            decode_head=torch.nn.Conv2d(4, 2, 1),
            auxiliary_head=torch.nn.ModuleDict(
                dict(a=torch.nn.Conv2d(4, 2, 1))
            ),
        )
    )
    weights = model.state_dict()
    check_weights(weights, model, 'a.pth')
    del weights['auxiliary_head.a.bias']
    weights['backbone.weight'] = torch.zeros(4, 3, 3, 3)  # of RGB
    check_weights(weights, model, 'a.pth')
    for name, other in (
        ('decode_head.weight', torch.zeros(2, 5, 1, 1)),
        ('backbone.weight', torch.zeros(4, 3, 5, 5)),
        ('decode_head.bias', torch.zeros(3)),
    ):
        changed = dict(weights, **{name: other})
        check_weights(changed, model, 'a.pth', partial=True)
        with pytest.raises(
            CheckpointError,
            match=rf'3 of 4 weights .*: 1 do not fit, as {name} \(.* instead',
        ):
            check_weights(changed, model, 'a.pth')
    del weights['decode_head.bias']
    with pytest.raises(CheckpointError, match='1 are missing, as decode_head'):
        check_weights(weights, model, 'a.pth')
    deeper = dict(model.state_dict())
    deeper['auxiliary_head.b.bias'] = torch.zeros(1)
    check_weights(deeper, model, 'a.pth')
    deeper['backbone.layer4.weight'] = torch.zeros(1)
    check_weights(deeper, model, 'a.pth', partial=True)
    with pytest.raises(
        CheckpointError,
        match=r'4 of 4 weights .*: 1 of the file are none of it, as .*layer4',
    ):
        check_weights(deeper, model, 'a.pth')
