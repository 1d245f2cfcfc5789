import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.models import losses
from mmseg_medical.models.segmentors.mixing import both_masks, check_mixed


def sample(gt, mixed=None, share=None):
    out = SegDataSample(gt_sem_seg=PixelData(data=gt))
    if mixed is not None:
        out.mixed_sem_seg = PixelData(data=mixed)
        out.set_metainfo(dict(mix_share=share))
    return out


@pytest.fixture
def masks():
    torch.manual_seed(0)
    return torch.randint(0, 2, (3, 1, 6, 8), dtype=torch.uint8)


def test_mixed_images_are_there_twice(masks):
    a, b, c = masks
    logits = torch.randn(2, 1, 6, 8)
    samples = [sample(a), sample(b, c, 0.75)]
    twice, gt, weight = both_masks(logits, torch.stack([a, b]), samples)
    assert torch.equal(twice, logits[[0, 1, 1]])
    assert torch.equal(gt, masks)
    assert weight.shape == (3, 1, 6, 8)
    assert weight[:, 0, 0, 0].tolist() == [1, 0.75, 0.25]


def test_masks_that_the_preprocessor_did_not_pad(masks):
    gt = torch.full((1, 1, 8, 9), 255, dtype=torch.uint8)
    _, both, _ = both_masks(
        torch.zeros(1, 1, 8, 9), gt, [sample(gt[0], masks[0], 0.5)]
    )
    assert torch.equal(both[1, :, :6, :8], masks[0])
    assert (both[1, :, 6:] == 255).all()


def soft_values(name, logits, target):
    """Formulas of the papers with a mask between 0 and 1."""
    p = logits.sigmoid()
    if name in ('BCELoss', 'CELoss'):
        return -(target * p.log() + (1 - target) * (1 - p).log()).mean()
    tp = (p * target).sum()
    fp, fn = p.sum() - tp, target.sum() - tp
    if name == 'SoftDiceLoss':
        return 1 - (2 * tp + 1) / (2 * tp + fp + fn + 1)
    return 1 - (tp + 1) / (tp + fp + fn + 1)


@pytest.mark.parametrize(
    'name', ['BCELoss', 'CELoss', 'SoftDiceLoss', 'JaccardLoss']
)
def test_losses_are_those_of_the_soft_mask(name, masks):
    logits = torch.randn(1, 1, 6, 8)
    a, b, _ = masks
    for share in (0.0, 0.3, 1.0):
        parts = both_masks(logits, a[None], [sample(a, b, share)])
        twice, gt, weight = parts
        found = MODELS.build(dict(type=name))(twice, gt.float(), weight)
        soft = share * a.float() + (1 - share) * b.float()
        torch.testing.assert_close(
            found, soft_values(name, logits, soft[None])
        )


@pytest.mark.parametrize('name', losses.__all__)
def test_a_share_of_all_is_the_image_alone(name, masks):
    logits = torch.randn(1, 1, 6, 8)
    a, b, _ = masks
    twice, gt, weight = both_masks(logits, a[None], [sample(a, b, 1.0)])
    loss = MODELS.build(dict(type=name))
    torch.testing.assert_close(
        loss(twice, gt.float(), weight), loss(logits, a[None].float())
    )


def test_what_would_be_wrong_is_refused(masks):
    samples = [sample(masks[0], masks[1], 0.5)]
    check_mixed([MODELS.build(dict(type='BCELoss'))], samples)
    with pytest.raises(ValueError, match='or change SoftDiceLoss'):
        check_mixed(
            [MODELS.build(dict(type='SoftDiceLoss', batch=False))], samples
        )
    with pytest.raises(ValueError, match='or change CrossEntropyLoss'):
        check_mixed([MODELS.build(dict(type='CrossEntropyLoss'))], samples)
    samples[0].seg_weight = PixelData(data=torch.ones(1, 6, 8))
    with pytest.raises(ValueError, match='or change seg_weight'):
        check_mixed([], samples)
