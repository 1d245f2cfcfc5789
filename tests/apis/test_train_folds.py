from mmengine.config import Config

from mmseg_medical.apis.train_folds import results_files


def test_metrics_of_ours_keep_their_results(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path)))
    assert results_files(cfg) == {}
    cfg.test_evaluator = dict(type='mmseg.OverlapMetric')
    assert results_files(cfg) == {0: tmp_path / 'results_0.pth'}
    cfg.test_evaluator = [dict(type='IoUMetric'), dict(type='SurfaceMetric')]
    assert results_files(cfg) == {1: tmp_path / 'results_1.pth'}
