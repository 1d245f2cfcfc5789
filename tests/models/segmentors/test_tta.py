import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.models.segmentors.tta import (
    SYMMETRIES,
    MedicalTTAModel,
    apply_symmetry,
    undo_symmetry,
)


@pytest.mark.parametrize('name', SYMMETRIES)
@pytest.mark.parametrize('shape', [(3, 5, 8), (2, 7, 7), (1, 1, 4)])
def test_every_symmetry_is_undone_exactly(name, shape):
    x = torch.randn(shape)
    torch.testing.assert_close(
        undo_symmetry(apply_symmetry(x, name), name), x, rtol=0, atol=0
    )


def test_the_eight_symmetries_differ():
    x = torch.arange(6).reshape(1, 2, 3)
    views = {str(apply_symmetry(x, name).tolist()) for name in SYMMETRIES}
    assert len(views) == 8
    assert (
        apply_symmetry(x, 'rot90').tolist()
        == torch.rot90(x, 1, (1, 2)).tolist()
    )
    assert (
        apply_symmetry(x, 'rot270').tolist()
        == torch.rot90(x, -1, (1, 2)).tolist()
    )


@MODELS.register_module()
class PointwiseSegmentor(torch.nn.Module):
    """Stands in for a network that looks at single pixels only."""

    def __init__(self):
        super().__init__()
        cfg = dict(
            type='MedicalSegmentor',
            task='binary',
            data_preprocessor=dict(
                type='SegDataPreProcessor',
                mean=[0.0] * 3,
                std=[100.0] * 3,
                size_divisor=32,
                test_cfg=dict(size_divisor=32),
            ),
            backbone=dict(type='ResNet', depth=18),
            decode_head=dict(
                type='FCNHead',
                in_channels=512,
                channels=8,
                num_classes=2,
                out_channels=1,
                threshold=0.5,
            ),
        )
        self.inner = MODELS.build(cfg)
        self.inner.encode_decode = self._encode_decode
        self.seen = []

    def _encode_decode(self, inputs, metas):
        self.seen.append(tuple(inputs.shape[2:]))
        return inputs[:, :1] - 1 + 0.3 * inputs[:, 1:2]

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__('inner'), name)

    def test_step(self, data):
        return self.inner.test_step(data)


def data():
    torch.manual_seed(0)
    sample = SegDataSample()
    sample.set_metainfo(dict(ori_shape=(37, 51), img_id='a'))
    img = torch.randint(0, 256, (3, 37, 51), dtype=torch.uint8)
    return dict(inputs=[img], data_samples=[sample])


@pytest.mark.parametrize('views', ['d4', 'flips', 'rot90', ['hflip']])
def test_views_of_a_pointwise_network_change_nothing(views):
    """Odd sizes, padding and transposition all have to come back."""
    module = PointwiseSegmentor()
    plain = module.test_step(data())[0]
    model = MedicalTTAModel(module, views)
    merged = model.test_step(data())[0]
    torch.testing.assert_close(merged.seg_probs.data, plain.seg_probs.data)
    torch.testing.assert_close(
        merged.pred_sem_seg.data, plain.pred_sem_seg.data
    )
    assert merged.img_id == 'a'


def test_the_mean_is_taken_over_probabilities():
    module = PointwiseSegmentor()
    outputs = iter([torch.full((1, 1, 64, 64), v) for v in (-30.0, 2.0)])
    module.inner.encode_decode = lambda *_: next(outputs)
    out = MedicalTTAModel(module, ['identity', 'hflip']).test_step(data())[0]
    expected = torch.sigmoid(torch.tensor(2.0)) / 2
    torch.testing.assert_close(out.seg_probs.data, expected.expand(1, 37, 51))
    assert out.pred_sem_seg.data.max() == 0


def test_views_see_the_image_turned():
    module = PointwiseSegmentor()
    MedicalTTAModel(module, 'd4').test_step(data())
    assert module.seen == [(64, 64)] * 8
    module.seen.clear()
    module.inner.data_preprocessor.test_cfg = None
    MedicalTTAModel(module, ['identity', 'rot90']).test_step(data())
    assert module.seen == [(37, 51), (51, 37)]


@pytest.mark.parametrize('views', ['all', ['hflip', 'rot45'], []])
def test_unknown_views_are_refused(views):
    with pytest.raises(ValueError, match='unknown views'):
        MedicalTTAModel(PointwiseSegmentor(), views)
