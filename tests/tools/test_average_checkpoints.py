import pytest
import torch

from mmseg_medical.apis.command_line import run_tool
from mmseg_medical.engine.checkpoint import load_checkpoint


@pytest.fixture
def paths(tmp_path):
    found = []
    for value in (1.0, 2.0):
        weights = {
            'a.weight': torch.tensor([value]),
            'a.running_mean': torch.tensor([value]),
        }
        found.append(str(tmp_path / f'{value:g}.pth'))
        torch.save(dict(state_dict=weights, meta={}), found[-1])
    return found


def test_without_a_config(tool, paths, tmp_path, capsys):
    out = str(tmp_path / 'mean.pth')
    tool('average_checkpoints').main([*paths, '--out', out])
    said = capsys.readouterr().out
    assert '1 batch norms have the mean of the statistics' in said
    assert said.endswith(f'{out}: average of 2 checkpoints\n')
    assert load_checkpoint(out)['state_dict']['a.weight'] == 1.5


def test_a_config_for_batch_norms(
    tool, hubmap, tiny_config, small_network, tmp_path
):
    """Two checkpoints of one training; the fold is that of the training."""
    config = tiny_config(hubmap(), 4, small_network)
    work_dir = tmp_path / 'work'
    tool('train').main([config, '--fold', '1', '--work-dir', str(work_dir)])
    paths = [str(work_dir / 'fold_1' / f'iter_{k}.pth') for k in (2, 4)]
    out = tmp_path / 'out' / 'mean.pth'
    arguments = [*('--out', str(out), '--config', config), '--num-batches=1']
    tool('average_checkpoints').main([*paths, *arguments, '--fold', '1'])
    assert [path.name for path in out.parent.iterdir()] == ['mean.pth']
    kept = load_checkpoint(out)
    assert kept['meta']['held_out']['fold'] == 1
    name = 'backbone.stem.1.num_batches_tracked'
    assert kept['state_dict'][name] == 1
    result = tool('test').main(
        [config, str(out), '--fold', '1', '--work-dir', str(tmp_path / 't')]
    )
    assert 0 <= result['dice_per_image'] <= 1


def test_a_mistake_is_one_line(tool, paths, tmp_path):
    arguments = [paths[0], '--out', str(tmp_path / 'mean.pth')]
    with pytest.raises(SystemExit, match='error: an average needs two'):
        run_tool(lambda _: tool('average_checkpoints').main(arguments))
