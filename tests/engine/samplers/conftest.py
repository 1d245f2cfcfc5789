import pytest


class Listed:
    """Samples with run lengths, as a medical data set lists them."""

    ignore_index = 255
    data_root = place = 'data/mine'
    group = 'case'

    def __init__(self, samples):
        self.samples = samples
        self.metainfo = dict(classes=('background', 'lung', 'liver'))

    def __len__(self):
        return len(self.samples)

    def get_data_info(self, k):
        return self.samples[k]


@pytest.fixture
def listed():
    """Data set of samples: keys of each, ``rle`` among them."""
    return lambda *samples: Listed([*samples])


@pytest.fixture
def mixed(listed):
    """Data set with 10 positives, then 30 negatives, of 4 cases."""
    texts = ['1 2'] * 10 + [''] * 30
    return listed(
        *(dict(rle=text, case=f'c{k % 4}') for k, text in enumerate(texts))
    )


@pytest.fixture
def on_ranks(monkeypatch):
    """Build a sampler as each of several processes would."""

    def build(count, make):
        samplers = []
        for rank in range(count):
            monkeypatch.setattr(
                'mmseg_medical.engine.samplers.decks.get_dist_info',
                lambda rank=rank: (rank, count),
            )
            samplers.append(make())
        return samplers

    return build
