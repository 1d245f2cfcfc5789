import pytest
import torch
from mmseg.structures import SegDataSample

from mmseg_medical.models.segmentors import MedicalSegmentor, MedicalTTAModel


class PointwiseSegmentor(MedicalSegmentor):
    """Stands in for a network that looks at single pixels only."""

    def __init__(self, **test_cfg):
        super().__init__(
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
            test_cfg=test_cfg,
        )
        self.seen = []

    def extract_feat(self, inputs):
        self.seen.append(tuple(inputs.shape[2:]))
        return inputs[:, :1] - 1 + 0.3 * inputs[:, 1:2]

    def _logits(self, features, size):
        return features


def data():
    torch.manual_seed(0)
    sample = SegDataSample()
    sample.set_metainfo(dict(ori_shape=(37, 51), img_id='a'))
    img = torch.randint(0, 256, (3, 37, 51), dtype=torch.uint8)
    return dict(inputs=[img], data_samples=[sample])


@pytest.mark.parametrize('views', ['d4', 'hflip', ['rot90'], ['hflip']])
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
    module._logits = lambda *_: next(outputs)
    out = MedicalTTAModel(module, ['identity', 'hflip']).test_step(data())[0]
    expected = torch.sigmoid(torch.tensor(2.0)) / 2
    torch.testing.assert_close(out.seg_probs.data, expected.expand(1, 37, 51))
    assert out.pred_sem_seg.data.max() == 0


@pytest.mark.parametrize('merge', ['mean', 'geometric', 'max'])
def test_views_within_windows_change_nothing(merge):
    plain = PointwiseSegmentor().test_step(data())[0]
    module = PointwiseSegmentor(
        mode='slide', crop_size=(32, 32), stride=(16, 32), batch_size=3
    )
    model = MedicalTTAModel(module, 'd4', merge=merge)
    merged = model.test_step(data())[0]
    torch.testing.assert_close(
        merged.seg_probs.data, plain.seg_probs.data, atol=1e-6, rtol=1e-5
    )


def test_weights_of_views():
    module = PointwiseSegmentor()
    outputs = iter([torch.full((1, 1, 64, 64), v) for v in (-30.0, 30.0)])
    module._logits = lambda *_: next(outputs)
    model = MedicalTTAModel(module, dict(identity=1, hflip=3))
    out = model.test_step(data())[0]
    torch.testing.assert_close(
        out.seg_probs.data, torch.full((1, 37, 51), 0.75)
    )


def test_variants_are_weighed_and_come_back_to_the_size():
    module = PointwiseSegmentor()
    flat = data()
    flat['inputs'] = [torch.full((3, 37, 51), 100, dtype=torch.uint8)]
    model = MedicalTTAModel(
        module,
        ['identity'],
        variants=[{}, dict(scale=0.5), dict(brightness=50, weight=2)],
    )
    out = model.test_step(flat)[0]
    dark, bright = torch.tensor([0.3, 1 * 1.5 - 1 + 0.45]).sigmoid()
    expected = (2 * dark + 2 * bright) / 4
    torch.testing.assert_close(out.seg_probs.data, expected.expand(1, 37, 51))
    assert module.seen == [(64, 64), (32, 32), (64, 64)]
    assert model.record['variants'][2] == [1.0, 50, None, 2]


def test_contrast_is_one_of_the_variants():
    module = PointwiseSegmentor()
    plain = module.test_step(data())[0].seg_probs.data
    model = MedicalTTAModel(module, ['identity'], variants=[dict(clahe=2.0)])
    assert (model.test_step(data())[0].seg_probs.data != plain).any()


def test_views_see_the_image_turned():
    module = PointwiseSegmentor()
    MedicalTTAModel(module, 'd4').test_step(data())
    assert module.seen == [(64, 64)] * 8
    module.seen.clear()
    module.data_preprocessor.test_cfg = None
    MedicalTTAModel(module, ['identity', 'rot90']).test_step(data())
    assert module.seen == [(37, 51), (51, 37)]


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(views='all'), 'unknown views'),
        (dict(views='rot90'), r"unknown views \['rot90'\].*or a list of"),
        (dict(views=['hflip', 'rot45']), r"unknown views \['rot45'\]"),
        (dict(views=[]), 'unknown views'),
        (dict(views=dict(hflip=0)), 'weights of views are above 0'),
        (dict(merge='median'), r'tta_model\.merge is one of'),
        (dict(views=dict(hflip='1')), 'weights of views are above 0'),
        (dict(variants=[]), r'tta_model\.variants is a list .*got \[\]'),
        (dict(variants=dict(scale=2)), r'variants is a list .*got \{'),
        (dict(variants=[dict(zoom=1)]), r'tta_model\.variants: unknown keys'),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        MedicalTTAModel(PointwiseSegmentor(), **arguments)
