"""Samples as a model returns them, and their evaluation."""

import multiprocessing
import pickle

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.structures import PixelData
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample
from torch import distributed


def make_sample(name, pred, gt, **meta):
    """One sample as mmengine passes it to metrics: a dict."""
    out = SegDataSample(
        pred_sem_seg=PixelData(data=torch.as_tensor(pred, dtype=torch.uint8)),
        gt_sem_seg=PixelData(data=torch.as_tensor(gt, dtype=torch.uint8)),
    )
    out.set_metainfo(dict(img_id=name, **meta))
    return out.to_dict()


def score(samples, classes, config, size=None):
    metric = METRICS.build(config)
    metric.dataset_meta = dict(classes=classes)
    for one in samples:
        metric.process({}, [one])
    return metric.evaluate(size or len(samples))


def score_on_rank(rank, folder, samples, classes, config):
    """Every other sample, the first once more where one is missing."""
    distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2
    )
    padded = samples + samples[: len(samples) % 2]
    scores = score(padded[rank::2], classes, config, len(samples))
    (folder / f'{rank}.pkl').write_bytes(pickle.dumps(scores))
    distributed.destroy_process_group()


@pytest.fixture(scope='session')
def sample():
    return make_sample


@pytest.fixture
def evaluate():
    """Scores of a metric on samples."""

    def call(samples, *, type, classes=('background', 'gland'), **options):
        return score(samples, classes, dict(type=type, **options))

    return call


@pytest.fixture
def evaluate_twice(tmp_path, monkeypatch):
    """Scores of a metric on one process, and those of two on each."""

    def call(samples, *, classes=('background', 'gland'), **config):
        monkeypatch.chdir(tmp_path)  # mmengine exchanges results here
        monkeypatch.setenv('GLOO_SOCKET_IFNAME', 'lo')
        fork = multiprocessing.get_context('fork')
        ranks = [
            fork.Process(
                target=score_on_rank,
                args=(rank, tmp_path, samples, classes, config),
            )
            for rank in range(2)
        ]
        for rank in ranks:
            rank.start()
        for rank in ranks:
            rank.join(60)
            assert rank.exitcode == 0
        both = [
            pickle.loads((tmp_path / f'{rank}.pkl').read_bytes())
            for rank in range(2)
        ]
        return score(samples, classes, config), *both

    return call


@pytest.fixture
def said(monkeypatch):
    """What was logged, line by line."""
    lines = []
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(logger, 'log', lambda level, text: lines.append(text))
    return lines
