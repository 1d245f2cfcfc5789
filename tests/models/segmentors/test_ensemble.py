import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_medical.models.segmentors import MedicalTTAModel
from tests.models.segmentors.test_segmentor import batch, config


def ensemble(*seeds, **arguments):
    cfg = dict(type='EnsembleSegmentor', members=[config() for _ in seeds]) | (
        arguments
    )
    model = MODELS.build(cfg)
    for seed, member in zip(seeds, model.members, strict=True):
        torch.manual_seed(seed)
        for weight in member.parameters():
            torch.nn.init.normal_(weight, std=0.3)
    return model.eval()


SLIDE = dict(mode='slide', crop_size=(32, 32), stride=(16, 16))


@pytest.mark.parametrize('test_cfg', [{}, SLIDE])
@pytest.mark.parametrize('views', [None, 'd4'])
def test_probabilities_are_the_mean_of_the_members(test_cfg, views):
    def probs(model):
        if views:
            model = MedicalTTAModel(model, views)
        return model.test_step(batch(count=1))[0].seg_probs.data

    both = ensemble(1, 2, weights=[1, 3], test_cfg=test_cfg)
    alone = [ensemble(k, test_cfg=test_cfg) for k in (1, 2)]
    first, second = map(probs, alone)
    assert (first - second).abs().max() > 0.01
    torch.testing.assert_close(probs(both), (first + 3 * second) / 4)


def with_presence(**changes):
    return config(
        image_heads=dict(presence=dict(type='PresenceHead', in_channels=16)),
        **changes,
    )


def test_members_agree_on_what_is_empty():
    gated = dict(gate_thr=0.5, mask_thr=0.0)
    model = ensemble(
        1,
        2,
        members=[with_presence(), with_presence()],
        weights=[1, 3],
        test_cfg=gated,
    )
    for member, bias in zip(model.members, (-9.0, 9.0), strict=True):
        linear = member.image_heads['presence'].linear
        torch.nn.init.zeros_(linear.weight)
        torch.nn.init.constant_(linear.bias, bias)
    sample = model.test_step(batch(count=1))[0]
    assert sample.presence == pytest.approx(0.75, abs=1e-3)
    assert sample.pred_sem_seg.data.min() == 1
    model.weights = [0.75, 0.25]
    sample = model.test_step(batch(count=1))[0]
    assert sample.presence == pytest.approx(0.25, abs=1e-3)
    assert sample.pred_sem_seg.data.max() == 0


def test_heads_that_not_all_members_have_are_left_out():
    model = ensemble(1, 2, members=[with_presence(), config()])
    assert 'presence' not in model.test_step(batch(count=1))[0]
    with pytest.raises(ValueError, match='gate_thr needs a head that tells'):
        ensemble(
            1,
            2,
            members=[with_presence(), config()],
            test_cfg=dict(gate_thr=0.5),
        )


def test_the_threshold_is_that_of_the_ensemble():
    model = ensemble(1, test_cfg=dict(mask_thr=0.0))
    assert model.test_step(batch())[0].pred_sem_seg.data.min() == 1
    assert model.postprocess == dict(mask_thr=0.0)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(weights=[1]), 'one weight above 0 for each of 2 members'),
        (dict(weights=[1, 0]), r'got \[1, 0\]'),
        (
            dict(members=[config(), config('multiclass', 3)]),
            'members of an ensemble have one task',
        ),
        (dict(members=[]), r'one MedicalSegmentor or more, got \[\]'),
        (
            dict(members=[dict(type='PresenceHead', in_channels=4)]),
            r"one MedicalSegmentor or more, got \['PresenceHead'\]",
        ),
        (dict(test_cfg=dict(precision='bf16')), 'that of each member'),
        (dict(test_cfg=dict(mask_thr=[0.5, 0.4])), 'has 2 thresholds'),
        (
            dict(test_cfg=dict(mode='slide', crop_size=(40, 40))),
            r'crop_size \(40, 40\) is no multiple of 32',
        ),
    ],
)
def test_members_have_to_agree(arguments, message):
    with pytest.raises(ValueError, match=message):
        ensemble(1, 2, **arguments)


def test_checkpoints_have_to_agree(tmp_path):
    def save(name, classes, task='binary'):
        path = tmp_path / name
        meta = dict(task=task, dataset_meta=dict(classes=classes))
        weights = MODELS.build(config()).state_dict()
        torch.save(dict(meta=meta, state_dict=weights), path)
        return str(path)

    glands = save('a.pth', ('bg', 'gland'))
    plain = tmp_path / 'plain.pth'
    torch.save(MODELS.build(config()).state_dict(), plain)
    model = ensemble(1, 2, checkpoints=[str(plain), glands])
    assert model.classes == ('bg', 'gland')
    assert model.metas[str(plain)] == {}
    assert model.metas[glands]['task'] == 'binary'
    for other, message in (
        (save('b.pth', ('bg', 'nucleus')), r'b\.pth was trained for classes'),
        (save('c.pth', ('bg', 'gland'), 'multilabel'), r'c\.pth .* for task'),
    ):
        with pytest.raises(ValueError, match=message):
            ensemble(1, 2, checkpoints=[glands, other])
    with pytest.raises(ValueError, match='one checkpoint for each of 2'):
        ensemble(1, 2, checkpoints=[glands])


def test_an_ensemble_is_not_trained():
    with pytest.raises(ValueError, match='train its members'):
        ensemble(1)(torch.zeros(1, 3, 32, 32))


def gated(task='multilabel', classes=2, **changes):
    """An ensemble of one, whose gate sees as much everywhere."""
    cfg = config(task, classes)
    gate = dict(members=[cfg], mask_thr=0.6, min_size=13) | changes
    return ensemble(1, members=[cfg], gate=gate)


def see(model, probs):
    """Let the gate give probabilities, one for each class."""
    (member,) = model.gatekeeper.members
    last = member.decode_head.conv_seg
    torch.nn.init.zeros_(last.weight)
    last.bias.data[:] = torch.tensor(probs).logit()


def merged(model, views):
    model = MedicalTTAModel(model, views) if views else model
    return model.test_step(batch(planes=2, count=1))[0]


@pytest.mark.parametrize('views', [None, 'd4'])
@pytest.mark.parametrize('test_cfg', [{}, SLIDE])
def test_a_class_counts_where_the_gate_sees_it(test_cfg, views):
    model = gated()
    see(model, [0.7, 0.5])
    cfg = config('multilabel', 2)
    plain = ensemble(1, members=[cfg], test_cfg=test_cfg)
    model.settings = plain.settings
    found, other = merged(model, views), merged(plain, views)
    probs = found.seg_probs.data
    assert probs.shape == (2, 40, 56)
    torch.testing.assert_close(probs[0], other.seg_probs.data[0])
    assert probs[0].min() > 0
    assert not probs[1].any()
    assert other.seg_probs.data[1].any()
    assert found.gate_sizes == [40 * 56, 0]
    assert not found.pred_sem_seg.data[1].any()


def test_pixels_are_those_of_the_file():
    model = gated(min_size=10 * 14)
    see(model, [0.7, 0.7])
    data = batch(planes=2, count=1, ori=(10, 14))
    (sample,) = model.test_step(data)
    assert sample.gate_sizes == [140, 140]
    assert sample.seg_probs.data.amax((1, 2)).min() > 0


def test_what_a_killed_test_has_left_is_gated_already():
    model = gated()
    see(model, [0.5, 0.5])
    stored = torch.full((2, 40, 56), 0.9)
    model.recall = lambda sample: (stored, dict(gate_sizes=[20, 20]))
    (sample,) = model.test_step(batch(planes=2, count=1))
    assert torch.equal(sample.seg_probs.data, stored)
    assert sample.gate_sizes == [20, 20]


def test_a_gate_belongs_to_the_record():
    found = gated(weights=[5]).record['gate']
    assert found == dict(mask_thr=0.6, min_size=13, members=[1.0])
    assert 'gate' not in ensemble(1).record


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(members=[config('multilabel', 3)]), 'of its task and classes'),
        (dict(task='multiclass', classes=3), "for task='binary' and 'multil"),
        (dict(min_size=-1), 'min_size is a whole number'),
        (dict(members=[]), 'one MedicalSegmentor or more'),
        (dict(gate={}), r'model\.gate\.gate is no setting; expected some of'),
        (dict(test_cfg={}), r'model\.gate\.test_cfg is no setting'),
    ],
)
def test_gates_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        gated(**arguments)


def test_members_and_checkpoints_by_file(tmp_path):
    model = Config(dict(model=config()))
    model.dump(tmp_path / 'small.py')
    torch.save(MODELS.build(config()).state_dict(), tmp_path / 'best_1.pth')
    member, pattern = str(tmp_path / 'small.py'), f'{tmp_path}/best_*.pth'
    one = dict(members=[member], checkpoints=[pattern])
    other = str(tmp_path / 'gate.pth')
    meta = dict(task='binary', dataset_meta=dict(classes=('bg', 'gland')))
    weights = MODELS.build(config()).state_dict()
    torch.save(dict(meta=meta, state_dict=weights), other)
    gate = dict(one, checkpoints=[other])
    built = MODELS.build(dict(type='EnsembleSegmentor', **one, gate=gate))
    best = str(tmp_path / 'best_1.pth')
    assert built.checkpoints == [best, other]
    assert built.metas == {best: {}, other: meta}
    torch.save({}, tmp_path / 'best_2.pth')
    with pytest.raises(ValueError, match=r'best_\*\.pth is 2 files, \['):
        MODELS.build(dict(type='EnsembleSegmentor', **one))
    with pytest.raises(FileNotFoundError, match=r'similar.*unet_r50'):
        ensemble(1, members=['nuclei/unet_r5.py'])
