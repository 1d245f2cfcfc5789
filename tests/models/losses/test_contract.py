"""What every loss promises in every task."""

import itertools

import pytest
import torch
from mmseg.registry import MODELS

from mmseg_medical.models import losses

PIXEL = ('BCELoss', 'CELoss', 'PixelFocalLoss')
REGION = tuple(name for name in losses.__all__ if name not in PIXEL)
TASKS = ('one_channel', 'two_channels', 'multiclass', 'multilabel')
ALL = list(itertools.product(losses.__all__, TASKS))


def build(name, **options):
    return MODELS.build(dict(type=name, **options))


def value_and_grad(loss, logits, *args, **kwargs):
    logits = logits.clone().requires_grad_()
    value = loss(logits, *args, **kwargs)
    value.backward()
    return value.detach(), logits.grad


@pytest.mark.parametrize('name', losses.__all__)
def test_registered_and_named(name):
    loss = build(name)
    assert type(loss) is getattr(losses, name)
    assert loss.loss_name.startswith('loss_')
    assert loss.loss_weight == 1
    assert build(name, loss_name='loss_x').loss_name == 'loss_x'


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_a_scalar_times_its_weight(name, task, scene):
    a = scene(task, dtype=torch.float32)
    loss = build(name)(a.logits, a.target)
    assert loss.shape == ()
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    assert loss != 0
    half = build(name, loss_weight=0.5)(a.logits, a.target)
    torch.testing.assert_close(half, loss / 2)


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_gradients_are_those_of_finite_differences(name, task, scene):
    a = scene(task)
    logits = a.logits[:, :, 2:6, 2:6].clone().requires_grad_()
    target = a.target[..., 2:6, 2:6]
    for batch in (True, False):
        loss = build(name, batch=batch)
        assert torch.autograd.gradcheck(
            lambda x, f=loss: f(x, target), logits, fast_mode=True
        )


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_better_predictions_cost_less(name, task, scene):
    a = scene(task)
    perfect, good, bad, inverted = (
        build(name)(scale * a.signs, a.target).item()
        for scale in (12, 0.2, -0.2, -12)
    )
    assert perfect < good < bad < inverted
    assert name == 'SurfaceLoss' or perfect < 2e-3


@pytest.mark.parametrize('options', [{}, dict(batch=False)])
@pytest.mark.parametrize('name', losses.__all__)
def test_one_channel_equals_two(name, options, scene):
    two, one = scene('two_channels'), scene('one_channel')
    one.target[:, :, :2], two.target[:, :2] = 255, 255
    weight = torch.rand(2, 8, 10)
    difference = two.logits[:, 1:] - two.logits[:, :1]
    kinds = [options]
    if name in REGION:
        kinds.append(dict(options, include_background=True))
    for kind in kinds:
        loss = build(name, **kind)
        value, grad = value_and_grad(loss, difference, one.target, weight)
        value_2, grad_2 = value_and_grad(loss, two.logits, two.target, weight)
        assert value == value_2
        torch.testing.assert_close(grad_2, torch.cat([-grad, grad], 1))
        # Class indices do for one channel as well.
        assert loss(difference, two.target, weight) == value


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_ignored_pixels_have_no_influence(name, task, scene):
    a = scene(task)
    a.target[..., :2, :] = 255
    loss = build(name)
    value, grad = value_and_grad(loss, a.logits, a.target)
    assert (grad[:, :, :2] == 0).all()
    assert (grad[:, :, 2:] != 0).any()
    cropped = loss(a.logits[:, :, 2:], a.target[..., 2:, :])
    torch.testing.assert_close(value, cropped)
    for strange in (3.0, -1e30, torch.inf, torch.nan):
        a.logits[:, :, :2] = strange
        value_2, grad_2 = value_and_grad(loss, a.logits, a.target)
        assert value_2 == value
        assert (grad_2 == grad).all()


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_a_weight_of_zero_is_as_ignored(name, task, scene):
    a = scene(task)
    weight = torch.ones(2, 8, 10)
    weight[:, :, 7:] = 0
    loss = build(name)
    value, grad = value_and_grad(loss, a.logits, a.target, weight)
    assert loss(a.logits, a.target, weight[:, None]) == value
    a.logits[..., 7:] = torch.nan
    a.target[..., 7:] = 1 - a.target[..., 7:].clamp(max=1)
    value_2, grad_2 = value_and_grad(loss, a.logits, a.target, weight)
    assert value == value_2
    assert (grad == grad_2).all()
    a.target[..., 7:] = 255
    assert loss(a.logits, a.target) == value


@pytest.mark.parametrize('name', losses.__all__)
def test_pixels_of_one_of_several_overlapping_classes(name, scene):
    """To be ignored there, they still count in the other classes."""
    a = scene('multilabel')
    a.target[:, 1, :, :4] = 255
    loss = build(name, reduction='none')
    value = loss(a.logits, a.target)
    a.logits[:, 1, :, :4] = 7
    assert (loss(a.logits, a.target) == value).all()
    a.logits[:, 0, :, :4] = 7
    changed = loss(a.logits, a.target) != value
    assert changed.tolist() == [[True, False, False]]


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_an_image_of_weight_two_is_there_twice(name, task, scene):
    a = scene(task)
    weight = torch.tensor([2.0, 1.0]).view(2, 1, 1).expand(2, 8, 10)
    twice = [0, 0, 1]
    torch.testing.assert_close(
        build(name)(a.logits, a.target, weight),
        build(name)(a.logits[twice], a.target[twice]),
    )


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize(
    'name',
    [n for n in losses.__all__ if n not in ('SurfaceLoss', 'HausdorffDTLoss')],
)
def test_a_pixel_of_weight_three_is_there_three_times(name, task, scene):
    a = scene(task)
    times = torch.randint(
        0, 4, (80,), generator=torch.Generator().manual_seed(1)
    )
    logits = a.logits[:1].flatten(2)
    target = a.target[:1].flatten(-2)
    many = [
        x.repeat_interleave(times, -1)[..., None, :] for x in (logits, target)
    ]
    torch.testing.assert_close(
        build(name)(a.logits[:1], a.target[:1], times.view(1, 8, 10)),
        build(name)(*many),
    )


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_everything_ignored_is_zero_with_a_gradient_of_zero(name, task, scene):
    a = scene(task, dtype=torch.float32)
    target = torch.full_like(a.target, 255)
    for options in ({}, dict(batch=False)):
        value, grad = value_and_grad(build(name, **options), a.logits, target)
        assert value == 0
        assert (grad == 0).all()
    values = build(name, reduction='none')(a.logits, target)
    assert (values == 0).all()
    assert build(name)(a.logits, a.target, torch.zeros(2, 8, 10)) == 0


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_an_ignored_image_is_not_in_the_mean(name, task, scene):
    a = scene(task)
    a.target[1] = 255
    loss = build(name, batch=False)
    torch.testing.assert_close(
        loss(a.logits, a.target), loss(a.logits[:1], a.target[:1])
    )


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_values_per_image_and_class(name, task, scene):
    a = scene(task)
    classes = dict(multiclass=3, multilabel=3).get(task, 1)
    if task == 'multiclass' and name in ('CELoss', 'PixelFocalLoss'):
        classes = 1
    elif task == 'multiclass' and name == 'BCELoss':
        classes = 4
    values = build(name, batch=False, reduction='none')(a.logits, a.target)
    assert values.shape == (2, classes)
    torch.testing.assert_close(
        values.mean(), build(name, batch=False)(a.logits, a.target)
    )
    single = build(name, reduction='none', loss_weight=2)
    torch.testing.assert_close(
        single(a.logits[:1], a.target[:1]), 2 * values[:1]
    )
    assert single(a.logits, a.target).shape == (1, classes)


@pytest.mark.parametrize('kind', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(('name', 'task'), ALL)
def test_half_precision_is_computed_in_full(name, task, kind, scene):
    a = scene(task, dtype=torch.float32)
    half = a.logits.to(kind)
    value = build(name)(half, a.target)
    assert value.dtype == torch.float32
    assert value == build(name)(half.float(), a.target)
    with torch.autocast('cpu', torch.bfloat16):
        assert build(name)(half, a.target) == value
    huge = (60000 * a.signs).to(kind)
    for sign in (1, -1):
        value, grad = value_and_grad(build(name), sign * huge, a.target)
        assert value.isfinite()
        assert grad.isfinite().all()
        assert grad.dtype == kind


@pytest.mark.parametrize(('name', 'task'), ALL)
def test_finite_for_huge_logits(name, task, scene):
    a = scene(task, dtype=torch.float32)
    for scale in (1e4, -1e4, 1e30, -1e30, 0):
        value, grad = value_and_grad(build(name), scale * a.signs, a.target)
        assert value.isfinite()
        assert grad.isfinite().all()


@pytest.mark.parametrize('label', [0, 1])
@pytest.mark.parametrize(('name', 'task'), ALL)
def test_masks_of_one_label(name, task, label, scene):
    a = scene(task, dtype=torch.float32)
    target = torch.full_like(a.target, label)
    for options in ({}, dict(batch=False)):
        loss = build(name, **options)
        value, grad = value_and_grad(loss, a.logits, target)
        assert value.isfinite()
        assert grad.isfinite().all()
        one = loss(a.logits[:1, :, :1, :1], target[:1, ..., :1, :1])
        assert one.isfinite()


@pytest.mark.parametrize('name', REGION)
def test_classes_that_are_absent(name, scene):
    a = scene('multiclass')
    a.target[a.target == 2] = 0
    keep = build(name, reduction='none')(a.logits, a.target)
    skip = build(name, reduction='none', skip_empty=True)
    values = skip(a.logits, a.target)
    assert values[0, 1] == 0
    assert (values[0, [0, 2]] == keep[0, [0, 2]]).all()
    mean = build(name, skip_empty=True)(a.logits, a.target)
    torch.testing.assert_close(mean, keep[0, [0, 2]].mean())
    nothing = torch.zeros_like(a.target)
    value, grad = value_and_grad(
        build(name, skip_empty=True), a.logits, nothing
    )
    assert value == 0
    assert (grad == 0).all()


@pytest.mark.parametrize('name', REGION)
def test_the_background_is_class_0_or_the_complement(name, scene):
    a = scene('multiclass')
    none = build(name, reduction='none')(a.logits, a.target)
    loss = build(name, reduction='none', include_background=True)
    values = loss(a.logits, a.target)
    assert values.shape == (1, 4)
    assert (values[:, 1:] == none).all()
    b = scene('one_channel')
    values = loss(b.logits, b.target)
    assert values.shape == (1, 2)
    torch.testing.assert_close(values.flip(1), loss(-b.logits, 1 - b.target))
    c = scene('multilabel')
    assert loss(c.logits, c.target).shape == (1, 3)


@pytest.mark.parametrize('name', REGION)
def test_class_weight_of_scored_classes(name, scene):
    a = scene('multiclass')
    values = build(name, reduction='none')(a.logits, a.target)[0]
    loss = build(name, class_weight=[1, 0, 3])
    torch.testing.assert_close(
        loss(a.logits, a.target), (values[0] + 3 * values[2]) / 4
    )
    with pytest.raises(ValueError, match=r'is 3, expected one .* 4 scored'):
        build(name, class_weight=[1, 2, 3], include_background=True)(
            a.logits, a.target
        )


@pytest.mark.parametrize('name', PIXEL)
def test_class_weight_of_pixels(name, scene):
    """The factor is the weight of the pixels of a class, in every task."""
    a = scene('multiclass')
    factors = torch.tensor([1.0, 2.0, 0.0, 5.0])
    torch.testing.assert_close(
        build(name, class_weight=factors.tolist())(a.logits, a.target),
        build(name)(a.logits, a.target, factors[a.target]),
    )
    for task in ('one_channel', 'two_channels'):
        b = scene(task)
        weight = (1 + 4 * b.target).view(2, 8, 10)
        torch.testing.assert_close(
            build(name, class_weight=[1, 5])(b.logits, b.target),
            build(name)(b.logits, b.target, weight),
        )
    c = scene('multilabel')
    weight = factors[1:].view(1, 3, 1, 1).expand_as(c.logits)
    torch.testing.assert_close(
        build(name, class_weight=[2, 0, 5])(c.logits, c.target),
        build(name)(c.logits, c.target, weight),
    )
    with pytest.raises(ValueError, match=r'is 3, expected one .* 2 classes'):
        build(name, class_weight=[1, 2, 3])(b.logits, b.target)


@pytest.mark.parametrize('name', losses.__all__)
@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(loss_weight=-1), 'loss_weight is -1, expected >= 0'),
        (dict(reduction='sum'), "reduction is 'sum', expected in"),
        (dict(class_weight=[1, -1]), 'class_weight is .* expected >= 0'),
        (dict(class_weight=[0, 0]), 'expected >= 0 and not all of them 0'),
        (dict(class_weight=[1, float('nan')]), 'class_weight is'),
    ],
)
def test_options_out_of_range(name, options, message):
    with pytest.raises(ValueError, match=message):
        build(name, **options)


@pytest.mark.parametrize('name', losses.__all__)
def test_unknown_options_are_refused(name):
    with pytest.raises(TypeError, match='use_sigmoid'):
        build(name, use_sigmoid=True)


@pytest.mark.parametrize('name', losses.__all__)
def test_nothing_goes_into_checkpoints(name):
    loss = build(name, class_weight=[1, 2])
    assert not loss.state_dict()
    assert loss.to(torch.float64).class_weight.dtype == torch.float64
