import json
from types import SimpleNamespace

import pytest
from mmseg.registry import HOOKS


@pytest.mark.parametrize(('rank', 'files'), [(0, 1), (1, 0)])
def test_one_process_writes_the_scores(rank, files, tmp_path, monkeypatch):
    monkeypatch.setattr(
        'mmseg_medical.engine.hooks.logger.is_main_process', lambda: rank == 0
    )
    hook = HOOKS.build(dict(type='SafeLoggerHook'))
    hook.json_log_path = 'scores.json'
    runner = SimpleNamespace(
        log_dir=str(tmp_path),
        test_dataloader=[None],
        logger=SimpleNamespace(info=lambda text: None),
        log_processor=SimpleNamespace(
            get_log_after_epoch=lambda *_, **__: ({'dice': 0.5}, 'dice 0.5')
        ),
    )
    hook.after_test_epoch(runner)
    written = list(tmp_path.iterdir())
    assert len(written) == files
    assert all(json.loads(p.read_text()) == {'dice': 0.5} for p in written)
