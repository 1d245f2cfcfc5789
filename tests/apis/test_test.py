import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical import apis
from mmseg_medical.apis import load_config, train


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


def test_tta_needs_a_model_in_the_config(hubmap, tiny_config, tmp_path):
    cfg = load_config(tiny_config(hubmap()), work_dir=str(tmp_path))
    cfg.pop('tta_model')
    with pytest.raises(ValueError, match='--tta needs tta_model'):
        apis.test(cfg, 'a.pth', tta=True)


def test_a_checkpoint_of_other_classes_is_refused(
    hubmap, tiny_config, tmp_path
):
    config, work_dir = tiny_config(hubmap(), 2), str(tmp_path / 'work')
    train(load_config(config, work_dir=work_dir))
    path = tmp_path / 'work' / 'iter_2.pth'
    checkpoint = torch.load(path, weights_only=False)
    checkpoint['meta']['dataset_meta']['classes'] = ('bg', 'nucleus')
    torch.save(checkpoint, path)
    with pytest.raises(ValueError, match=r"iter_2\.pth .*\('bg', 'nucleus'\)"):
        apis.test(load_config(config, work_dir=work_dir), str(path))


def test_images_without_masks_are_predicted(hubmap, tiny_config, tmp_path):
    """As the hidden test images of a competition."""
    root = hubmap()
    table = (root / 'train.csv').read_text().splitlines()
    (root / 'test.csv').write_text(
        '\n'.join(','.join(line.split(',')[:7]) for line in table)
    )
    config = tiny_config(root, 2)
    work_dir = str(tmp_path / 'work')
    train(load_config(config, work_dir=work_dir))
    cfg = load_config(config, work_dir=work_dir)
    cfg.test_dataloader.dataset.update(ann_file='test.csv', fold=None)
    del cfg.test_dataloader.dataset.pipeline[2]  # LoadMaskRegion
    cfg.test_evaluator = []
    out = tmp_path / 'probs'
    assert apis.test(cfg, f'{work_dir}/iter_2.pth', out=str(out)) == {}
    assert len(list(out.glob('*.tiff'))) == 4
