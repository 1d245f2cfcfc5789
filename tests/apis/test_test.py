import numpy as np
import pytest
import torch

from mmseg_medical import apis
from mmseg_medical.apis import load_config, train
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.models.segmentors import MedicalSegmentor


def test_tta_needs_a_model_in_the_config(hubmap, tiny_config, tmp_path):
    cfg = load_config(tiny_config(hubmap()), work_dir=str(tmp_path))
    cfg.pop('tta_model')
    with pytest.raises(ValueError, match='--tta needs tta_model'):
        apis.test(cfg, 'a.pth', tta=True)


def test_a_checkpoint_of_other_classes_is_refused(trained, tmp_path):
    checkpoint = load_checkpoint(trained.checkpoint)
    checkpoint['meta']['dataset_meta']['classes'] = ('bg', 'nucleus')
    torch.save(checkpoint, tmp_path / 'a.pth')
    cfg = load_config(trained.config, work_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"a\.pth .*\('bg', 'nucleus'\)"):
        apis.test(cfg, str(tmp_path / 'a.pth'))


def test_images_without_masks_are_predicted(
    tool, trained, hubmap, tiny_config, tmp_path
):
    """The hidden test images of a competition, as the README says."""
    root = hubmap()
    table = (root / 'train.csv').read_text().splitlines()
    (root / 'test.csv').write_text(
        '\n'.join(','.join(line.split(',')[:7]) for line in table[:3])
    )
    (root / 'train_images').rename(root / 'test_images')
    (root / 'train_images').symlink_to(root / 'test_images')
    config, checkpoint = tiny_config(root), str(trained.checkpoint)
    work_dir, out = str(tmp_path / 'work'), tmp_path / 'probs'
    scores = tool('test').main(
        [
            *(config, checkpoint, '--work-dir', work_dir),
            *('--out', str(out), '--cfg-options', 'test_evaluator=[]'),
            'test_dataloader.dataset.ann_file=test.csv',
            'test_dataloader.dataset.fold=None',
        ]
    )
    assert scores == {}
    assert sorted(p.name for p in out.glob('*.tiff')) == [
        '101.tiff',
        '102.tiff',
    ]
    # The folder is taken: maps of other images do not mix with them.
    with pytest.raises(ValueError, match='maps of another test: images there'):
        apis.test(
            load_config(config, work_dir=work_dir), checkpoint, out=str(out)
        )


def test_an_ensemble_loads_its_checkpoints(tool, trained, tmp_path):
    """Not a test of random weights."""
    config, work_dir = trained.config, tmp_path / 'work'
    model = load_config(config).model
    weights = load_checkpoint(trained.checkpoint)['state_dict']
    paths = [str(tmp_path / f'{k}.pth') for k in (1, 2)]
    for path in paths:
        torch.save(weights, path)
        weights['decode_head.conv_seg.bias'][1] += 1  # of the other member
        apis.test(
            load_config(config, work_dir=str(work_dir)), path, out=path + '.d'
        )
    both = load_config(config)
    both.model = dict(
        type='EnsembleSegmentor',
        members=[model, model],
        checkpoints=paths,
        weights=[1, 3],
    )
    both.dump(tmp_path / 'both.py')
    command = [str(tmp_path / 'both.py'), 'none', '--work-dir', str(work_dir)]
    tool('test').main([*command, '--out', str(tmp_path / 'out')])
    first, second, merged = (
        ProbabilityMaps.open(folder)
        for folder in (paths[0] + '.d', paths[1] + '.d', tmp_path / 'out')
    )
    for name in merged.ids:
        expected = (first.read(name) + 3.0 * second.read(name)) / 4
        np.testing.assert_allclose(merged.read(name), expected, atol=1.01)
    single = load_config(config, work_dir=str(work_dir))
    with pytest.raises(ValueError, match='there are no weights to test'):
        apis.test(single)


@pytest.mark.parametrize(('mask_thr', 'seen'), [(0.0, True), (1.0, False)])
def test_a_gate_empties_the_maps(mask_thr, seen, trained, tmp_path):
    cfg = load_config(trained.config, work_dir=str(tmp_path / 'work'))
    one = dict(members=[cfg.model], checkpoints=[str(trained.checkpoint)])
    gate = dict(one, mask_thr=mask_thr, min_size=13)
    cfg.model = dict(type='EnsembleSegmentor', **one, gate=gate)
    apis.test(cfg, out=str(tmp_path / 'out'))
    maps = ProbabilityMaps.open(tmp_path / 'out')
    assert len(maps.origin['checkpoints']) == 2
    assert maps.origin['gate']['mask_thr'] == mask_thr
    for name in maps.ids:
        probs = maps.read(name)
        assert probs.shape == (1, 64, 80)
        assert bool(probs.any()) is seen
        assert maps.scores(name)['gate_sizes'] == [64 * 80 * seen]


def test_weights_of_another_model_are_refused(hubmap, tiny_config, tmp_path):
    cfg = load_config(tiny_config(hubmap()), work_dir=str(tmp_path))
    torch.save({'fc.weight': torch.zeros(3)}, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth has no weight of this mod'):
        apis.test(cfg, str(tmp_path / 'a.pth'))


@pytest.mark.parametrize('kind', ['no head', 'a third class'])
def test_what_would_stay_random_is_not_tested(kind, trained, tmp_path):
    config, work_dir = trained.config, str(tmp_path / 'work')
    path = tmp_path / 'a.pth'
    weights = load_checkpoint(trained.checkpoint)['state_dict']
    for key in [k for k in weights if k.startswith('decode_head.')]:
        if kind == 'no head':
            del weights[key]
        elif 'conv_seg' in key:
            weights[key] = weights[key][[0, 1, 1]]
    torch.save(weights, path)
    with pytest.raises(ValueError, match=r'decode_head.*would stay random'):
        apis.test(load_config(config, work_dir=work_dir), str(path))
    cfg = load_config(config, work_dir=work_dir)
    cfg.load_from = str(path)
    cfg.default_hooks.checkpoint.partial_start = True
    train(cfg)


def test_plain_segmentors_have_no_probabilities(trained, tmp_path):
    for options, message in (
        (dict(tta=True), '--tta merges .* got EncoderDecoder'),
        (dict(out=str(tmp_path / 'out')), '--out keeps the seg_probs of a'),
        (dict(postprocess='a.json'), 'postprocess makes masks of the seg_pr'),
    ):
        cfg = load_config(trained.config, work_dir=str(tmp_path / 'work'))
        cfg.model.type = 'EncoderDecoder'
        for key in ('task', 'test_cfg'):
            cfg.model.pop(key)
        cfg.model.test_cfg = dict(mode='whole')
        with pytest.raises(ValueError, match=message):
            apis.test(cfg, str(trained.checkpoint), **options)


def test_a_killed_test_goes_on(hubmap, tiny_config, tmp_path, monkeypatch):
    config, work_dir = tiny_config(hubmap(8), 2), str(tmp_path / 'work')
    head = dict(type='PresenceHead', in_channels=16)
    cfg = load_config(config, work_dir=work_dir)
    cfg.model.image_heads = dict(presence=head)
    out = tmp_path / 'maps'

    def run():
        again = load_config(config, work_dir=work_dir)
        again.model.image_heads = dict(presence=head)
        again.model.test_cfg.gate_thr = 0.5
        return apis.test(
            again, f'{work_dir}/iter_2.pth', tta=True, out=str(out)
        )

    train(cfg)
    scores = run()
    maps = sorted(out.glob('*.tiff'))
    assert len(maps) == 4
    assert {'presence'} == {*ProbabilityMaps.open(out).scores(maps[0].stem)}
    before = maps[1].read_bytes()
    maps[1].unlink()
    predicted = []
    original = MedicalSegmentor.window_probs

    def count(self, windows):
        predicted.extend(windows)
        return original(self, windows)

    monkeypatch.setattr(MedicalSegmentor, 'window_probs', count)
    assert run() == pytest.approx(scores, abs=1e-9, nan_ok=True)
    assert len(predicted) == 8  # the views of one image
    assert maps[1].read_bytes() == before
