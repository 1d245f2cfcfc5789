from types import SimpleNamespace

import pytest
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmseg.structures import SegDataSample

from mmseg_medical.datasets import HuBMAPDataset
from mmseg_medical.datasets.listing import leaves, listing, sample_name


@pytest.fixture
def build(hubmap):
    root = str(hubmap(6))

    def call(kind=HuBMAPDataset, **options):
        return kind(data_root=root, num_folds=2, **options)

    return call


def test_leaves(build):
    one, other = build(fold=0), build(fold=1)
    both = SimpleNamespace(dataset=ConcatDataset([one, other]))
    assert list(leaves(both)) == [one, other]
    assert list(leaves(one)) == [one]


def test_data_sets_are_named_after_their_images(build):
    class Grouped(HuBMAPDataset):
        group = 'organ'

    val = build(fold=0, part='val')
    ids = [val.get_data_info(k)['img_id'] for k in range(len(val))]
    assert listing(val) == {'hubmap/train_images': dict.fromkeys(ids, '')}
    both = [RepeatDataset(val, 3), build(Grouped)]
    both = SimpleNamespace(datasets=both)
    (images,) = listing(both).values()
    assert len(images) == 6
    assert set(images.values()) == {'organ=kidney', 'organ=lung'}


def test_groups_are_numbers_too(build):
    class Numbered(HuBMAPDataset):
        group = 'tissue_thickness'

        def load_samples(self):
            found = super().load_samples()
            return [{**s, self.group: k % 2} for k, s in enumerate(found)]

    (images,) = listing(build(Numbered)).values()
    assert set(images.values()) == {'tissue_thickness=0', 'tissue_thickness=1'}


def test_samples_of_other_data_sets_are_named_by_their_path():
    names = set()
    for folder in ('caseA', 'caseB'):
        sample = SegDataSample()
        path = f'../x/../data/{folder}/slice_1.png'
        sample.set_metainfo(dict(img_path=path))
        names.add(sample_name(sample))
    assert names == {'data/caseA/slice_1', 'data/caseB/slice_1'}
    assert listing([1, 2]) == {}  # it names no samples
