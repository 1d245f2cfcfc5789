import pytest
import torch
from mmengine.model import BaseDataPreprocessor
from mmseg.structures import SegDataSample

from mmseg_medical.models.segmentors.prediction import ImagePredictor
from mmseg_medical.models.segmentors.settings import TestSettings
from mmseg_medical.models.task import TASKS
from mmseg_medical.models.views import Variant
from mmseg_medical.postprocessing import Pipeline


class Predictor(ImagePredictor):
    """Takes the channels of an image for logits, as they are."""

    def __init__(self, task='binary', channels=1, **test_cfg):
        super().__init__()
        self.task = TASKS[task](max(channels, 2), channels)
        self.settings = TestSettings(**test_cfg)
        self.data_preprocessor = BaseDataPreprocessor()
        self.passes = []

    def window_probs(self, windows):
        self.passes.append(len(windows))
        return self.task.probabilities(torch.stack(windows)), torch.zeros(
            len(windows), 0
        )


def sample(name='a', **meta):
    one = SegDataSample()
    one.set_metainfo(dict(img_id=name, **meta))
    return one


@pytest.mark.parametrize(
    ('task', 'channels', 'planes'),
    [
        ('binary', 1, 1),
        ('binary', 2, 1),
        ('multiclass', 3, 1),
        ('multilabel', 3, 3),
    ],
)
@pytest.mark.parametrize('mode', ['whole', 'slide'])
def test_images_of_any_size_come_back_with_their_probabilities(
    task, channels, planes, mode
):
    slide = dict(mode=mode, crop_size=(8, 9), stride=(5, 9), batch_size=3)
    model = Predictor(task, channels, **slide if mode == 'slide' else {})
    imgs = [torch.randn(channels, *size) for size in ((11, 7), (23, 30))]
    views = dict(hflip=1.0, rot90=2.0)
    outs = model.predict_images(
        imgs, [sample(), sample('b')], symmetries=views
    )
    for img, out in zip(imgs, outs, strict=True):
        probs = model.task.probabilities(img)
        torch.testing.assert_close(out.seg_probs.data, probs)
        labels = model.task.labels(probs, 0.5)
        assert labels.shape == (planes, *img.shape[1:])
        torch.testing.assert_close(out.pred_sem_seg.data, labels)


def test_the_size_of_the_prediction_is_that_of_the_original():
    model = Predictor()
    img = torch.full((1, 10, 10), 2.0)
    (out,) = model.predict_images([img], [sample(ori_shape=(25, 37))])
    assert out.seg_probs.data.shape == (1, 25, 37)
    torch.testing.assert_close(
        out.seg_probs.data, torch.full((1, 25, 37), 2.0).sigmoid()
    )


def test_variants_are_weighed():
    model = Predictor()
    model.task.probabilities = lambda logits: logits
    img = torch.zeros(1, 8, 8)
    img[:, ::2, ::2] = 1
    variants = [Variant(), Variant(scale=0.5, weight=3)]
    (out,) = model.predict_images([img], [sample()], variants=variants)
    half = torch.nn.functional.interpolate(
        img[None], scale_factor=0.5, mode='bilinear', antialias=True
    )
    back = torch.nn.functional.interpolate(half, size=(8, 8), mode='bilinear')[
        0
    ]
    torch.testing.assert_close(out.seg_probs.data, (img + 3 * back) / 4)


def test_what_was_predicted_before_is_recalled():
    model = Predictor(mask_thr=0.2)
    known = torch.full((1, 4, 4), 0.3)
    model.recall = lambda s: (known, {}) if s.img_id == 'b' else None
    data = dict(
        inputs=[torch.zeros(1, 4, 4)] * 3,
        data_samples=[sample('a'), sample('b'), sample('c')],
    )
    outs = model.test_step(data)
    assert model.passes == [2]
    values = [out.seg_probs.data[0, 0, 0].item() for out in outs]
    assert values == pytest.approx([0.5, 0.3, 0.5])
    assert all(out.pred_sem_seg.data.all() for out in outs)


@pytest.mark.parametrize(
    ('task', 'channels', 'first'),
    [
        ('binary', 1, dict(type='threshold', mask_thr=0.5)),
        ('multilabel', 3, dict(type='threshold', mask_thr=0.5)),
        ('multiclass', 3, dict(type='argmax')),
    ],
)
def test_a_pipeline_makes_the_labels(task, channels, first):
    model = Predictor(task, channels, mask_thr=0.5)
    imgs = [torch.randn(channels, 9, 11)]
    (plain,) = model.predict_images(imgs, [sample()])
    labels = [f'class {k}' for k in range(max(channels - (task[5] == 'c'), 1))]
    model.pipeline = Pipeline([first], task=task, labels=labels)
    (same,) = model.predict_images(imgs, [sample()])
    torch.testing.assert_close(same.pred_sem_seg.data, plain.pred_sem_seg.data)
    steps = [first, dict(type='gate', score_thr=dict(organ=dict(lung=1.0)))]
    model.pipeline = Pipeline(steps, task=task, labels=labels)
    (empty,) = model.predict_images(imgs, [sample(organ='lung')])
    assert not empty.pred_sem_seg.data.any()
    assert plain.pred_sem_seg.data.any()
    torch.testing.assert_close(empty.seg_probs.data, plain.seg_probs.data)


def test_numbers_that_are_none_name_their_image():
    model = Predictor()
    imgs = [torch.zeros(1, 4, 4), torch.full((1, 4, 4), torch.nan)]
    other = SegDataSample(metainfo=dict(img_path='case/b.png'))
    for second, name in ((sample('b'), 'b'), (other, 'case/b.png')):
        with pytest.raises(ValueError, match=f"inf for image '{name}'"):
            model.predict_images(imgs, [sample('a'), second])
