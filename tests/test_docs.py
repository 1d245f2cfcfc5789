"""Code on the pages of docs/ does what it says."""

import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmseg.registry import HOOKS, METRICS, MODELS

from mmseg_medical.apis import drop_pretrained
from mmseg_medical.apis.stage_config import stage_config

DOCS = Path(__file__).parents[1] / 'docs'
BLOCKS = [
    pytest.param(block, id=f'{page.stem}-{k}')
    for page in sorted(DOCS.glob('*.md'))
    for k, block in enumerate(
        re.findall(r'```python\n(.*?)```', page.read_text(), re.DOTALL)
    )
]


def test_there_are_blocks():
    assert len(BLOCKS) > 5


@pytest.mark.parametrize('block', BLOCKS)
def test_blocks_run_and_what_they_configure_builds(block, tmp_path):
    if 'model = dict(' not in block and '_evaluator = ' not in block:
        exec(compile(block, 'docs', 'exec'), {})
        return
    path = tmp_path / 'block.py'
    path.write_text(block)
    cfg = Config.fromfile(path)
    for k in range(len(cfg.get('stages', []))):
        stage_config(cfg, k)
    if 'model' in cfg:
        drop_pretrained(cfg.model)
        model = MODELS.build(cfg.model)
        if 'tta_model' in cfg:
            MODELS.build(dict(cfg.tta_model, module=model))
        if 'optim_wrapper' in cfg:
            build_optim_wrapper(model, cfg.optim_wrapper)
    metrics = cfg.get('val_evaluator', [])
    for metric in metrics if isinstance(metrics, list) else [metrics]:
        METRICS.build(metric)
    for hook in cfg.get('custom_hooks', []):
        HOOKS.build(hook)
