import pytest
import torch

from mmseg_medical.engine.averaging import average_checkpoints
from mmseg_medical.engine.checkpoint import CheckpointError, load_checkpoint


@pytest.fixture
def save(tmp_path):
    def write(name, value=0.0, *, weights=None, task='binary', classes='ab'):
        norm = dict(
            weight=torch.tensor([float(value)]),
            running_mean=torch.tensor([1.0 + value]),
            num_batches_tracked=torch.tensor(int(10 * value)),
        )
        state = {f'backbone.bn.{k}': v for k, v in norm.items()}
        state['backbone.held.running_mean'] = torch.tensor([0.1])
        state['head.weight'] = torch.full((2, 2), value, dtype=torch.float16)
        path = tmp_path / name
        meta = dict(task=task, dataset_meta=dict(classes=tuple(classes)))
        torch.save(
            dict(state_dict={**state, **(weights or {})}, meta=meta), path
        )
        return path

    return write


def test_mean(save, tmp_path):
    paths = [save(f'{k}.pth', value) for k, value in enumerate((1, 2, 6))]
    checkpoint, moved = average_checkpoints(paths)
    weights = checkpoint['state_dict']
    assert weights['backbone.bn.weight'] == 3
    assert weights['backbone.bn.running_mean'] == 4
    assert weights['backbone.bn.num_batches_tracked'] == 10  # of the first
    assert weights['head.weight'].eq(3).all()
    assert weights['head.weight'].dtype == torch.float16
    assert moved == {'backbone.bn'}  # the other was held
    assert checkpoint['meta']['task'] == 'binary'
    assert checkpoint['meta']['averaged'] == ['0.pth', '1.pth', '2.pth']
    torch.save(checkpoint, tmp_path / 'mean.pth')
    load_checkpoint(tmp_path / 'mean.pth')


def test_it_has_learnt_from_what_any_of_them_has(save):
    paths = []
    for k, fold in enumerate((0, 1)):
        path = save(f'{k}.pth')
        checkpoint = load_checkpoint(path)
        checkpoint['meta'].update(
            held_out=dict(fold=fold),
            trained_on={'x': {str(k): ''}},
            pseudo_labels=[],
        )
        torch.save(checkpoint, path)
        paths.append(path)
    meta = average_checkpoints(paths)[0]['meta']
    assert meta['trained_on'] == {'x': {'0': '', '1': ''}}
    assert meta['held_out'] is None
    assert average_checkpoints(paths[:1])[0]['meta']['held_out'] == {'fold': 0}
    paths.append(save('unknown.pth'))
    assert average_checkpoints(paths)[0]['meta']['trained_on'] is None


def test_the_average_of_one_is_that_one(save):
    checkpoint, moved = average_checkpoints([save('a.pth', 2)])
    assert checkpoint['state_dict']['head.weight'].eq(2).all()
    assert not moved


def test_plain_weights(tmp_path):
    paths = [tmp_path / 'a.pth', tmp_path / 'b.pth']
    for path, value in zip(paths, (1.0, 2.0), strict=True):
        torch.save(dict(w=torch.tensor(value)), path)
    checkpoint, _ = average_checkpoints(paths)
    assert checkpoint['state_dict']['w'] == 1.5


@pytest.mark.parametrize(
    ('other', 'message'),
    [
        (
            dict(weights={'head.bias': torch.zeros(2)}),
            r'a\.pth and .*b\.pth are of two architectures: 1 weights .* '
            r'head\.bias in .*b\.pth',
        ),
        (
            dict(weights={'head.weight': torch.zeros(3, 2)}),
            r'head\.weight is \(2, 2\) in one and \(3, 2\) in the other',
        ),
        (
            dict(task='multilabel'),
            r"a\.pth was trained for task 'binary', .*b\.pth for 'multilabel'",
        ),
        (dict(classes='ac'), r"a\.pth was .* classes \('a', 'b'\), .*b\.pth"),
    ],
)
def test_others_are_refused(save, other, message):
    paths = [save('a.pth'), save('b.pth', **other)]
    with pytest.raises(CheckpointError, match=message):
        average_checkpoints(paths)
