"""Every leaf config parses, builds without weights and takes one step."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import LOOPS, METRICS, MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.apis import drop_pretrained

CONFIGS = Path(__file__).parents[1] / 'configs'
LEAVES = sorted(p for p in CONFIGS.glob('*/*.py') if p.parent.name != '_base_')


def test_there_are_leaves():
    assert 'segformer_mitb2' in {p.stem for p in LEAVES}


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_names_and_length(path):
    assert path.stem.isidentifier()
    assert path.stem == path.stem.lower()
    if path.parent.name != 'demo':
        lines = [x for x in path.read_text().splitlines() if x.strip()]
        assert len(lines) <= 16
    assert 'import' not in path.read_text().replace('custom_imports', '')


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_one_step_and_one_prediction(path):
    cfg = Config.fromfile(path)
    init_default_scope(cfg.default_scope)
    drop_pretrained(cfg.model)
    model = MODELS.build(cfg.model)
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.ones(1, 64, 64, dtype=torch.uint8))
    )
    sample.set_metainfo(dict(ori_shape=(50, 40), img_id='a'))
    img = torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)
    data = model.data_preprocessor(
        dict(inputs=[img], data_samples=[sample]), True
    )
    loss, _ = model.parse_losses(model.loss(**data))
    loss.backward()
    assert loss.isfinite()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert all(g.isfinite().all() for g in grads)
    assert any(g.abs().max() > 0 for g in grads)
    model.eval()
    batch = dict(inputs=[img], data_samples=[sample])
    with torch.no_grad():
        (out,) = model.test_step(batch)
    assert out.seg_probs.data.shape == (1, 50, 40)


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_the_other_parts_are_registered(path):
    cfg = Config.fromfile(path)
    assert LOOPS.get(cfg.train_cfg.type) is not None
    assert METRICS.get(cfg.val_evaluator.type) is not None
    assert MODELS.get(cfg.tta_model.type) is not None
    for loader in ('train', 'val', 'test'):
        assert cfg[f'{loader}_dataloader'].dataset.pipeline
