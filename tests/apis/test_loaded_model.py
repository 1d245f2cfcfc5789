import json

import pytest
import torch
from mmengine.config import Config

from mmseg_medical.apis.loaded_model import load_model
from mmseg_medical.apis.model_files import ModelFiles
from mmseg_medical.engine.checkpoint import load_checkpoint


@pytest.fixture
def files(trained):
    return ModelFiles(trained.config, str(trained.checkpoint))


@pytest.fixture
def changed(trained, tmp_path):
    """The files of the model, with another config or checkpoint."""

    def change(name='changed.py', edit=None, meta=None):
        cfg = Config.fromfile(trained.config)
        if edit:
            edit(cfg)
        cfg.dump(tmp_path / name)
        path = str(trained.checkpoint)
        if meta is not None:
            checkpoint = load_checkpoint(path)
            meta(checkpoint)
            path = str(tmp_path / 'changed.pth')
            torch.save(checkpoint, path)
        return ModelFiles(str(tmp_path / name), path)

    return change


@pytest.fixture
def steps(tmp_path):
    def write(**changes):
        path = tmp_path / 'postprocess.json'
        state = dict(
            steps=[dict(type='threshold', mask_thr=0.3)],
            task='binary',
            classes=['functional tissue unit'],
            dataset='HuBMAPDataset',
        )
        path.write_text(json.dumps(state | changes))
        return str(path)

    return write


def test_a_model_says_what_it_is(files):
    model = load_model([files], device='cpu')
    assert model.task == 'binary'
    assert model.classes == ['background', 'functional tissue unit']
    assert model.labels == ['functional tissue unit']
    assert model.channels == 3
    assert len(model.colours) == 2
    kinds = [step['type'] for step in model.pipeline]
    assert kinds == ['LoadImageRegion', 'Resize', 'PackMedicalInputs']
    assert model.state()['postprocess'] == dict(mask_thr=0.5)
    assert model.origin['checkpoints'][0].startswith('iter_2.pth ')
    labels = torch.tensor([[[0, 1]]], dtype=torch.uint8).numpy()
    assert model.masks(labels).tolist() == [[[False, True]]]


def test_a_config_that_a_test_with_views_left(changed):
    def wrap(cfg):
        cfg.model = dict(type='MedicalTTAModel', module=cfg.model)

    model = load_model([changed(edit=wrap)], device='cpu')
    assert model.network is model.segmentor
    twice = load_model([changed(edit=wrap)], device='cpu', tta=True)
    assert len(twice.origin['views']) == 8


@pytest.mark.parametrize(
    'given', [0.3, [0.3], {'functional tissue unit': 0.3}]
)
def test_thresholds_by_number_or_name(given, files):
    model = load_model([files], device='cpu', mask_thr=given)
    assert model.segmentor.settings.mask_thr == 0.3


def test_thresholds_that_cannot_be(files):
    for given, message in (
        (1.5, 'expected probabilities in'),
        ([0.1, 0.2], 'mask_thr has 2 numbers, expected 1'),
        ({'lung': 0.1}, 'mask_thr is of lung, expected one for each'),
    ):
        with pytest.raises(ValueError, match=message):
            load_model([files], device='cpu', mask_thr=given)


def test_post_processing_of_the_run_or_of_a_file(files, steps):
    own = files._replace(postprocess=steps())
    for models, given, expected in (
        (files, steps(), 0.3),
        (own, None, 0.3),
        (own, 'none', None),
    ):
        model = load_model([models], device='cpu', postprocess=given)
        assert (model.steps and model.steps[0]['mask_thr']) == expected
        assert (model.segmentor.pipeline is None) == (expected is None)
    with pytest.raises(ValueError, match='thresholds of its own; drop mask_'):
        load_model([own], device='cpu', mask_thr=0.4)
    with pytest.raises(ValueError, match='was made for the classes'):
        load_model(
            [files], device='cpu', postprocess=steps(classes=['nucleus'])
        )
    volume = [
        dict(type='threshold', mask_thr=0.3),
        dict(type='smooth_presence', window=3, min_share=0.5),
    ]
    with pytest.raises(ValueError, match='smooth_presence'):
        load_model([files], device='cpu', postprocess=steps(steps=volume))


def test_steps_of_the_config(changed):
    def add(cfg):
        cfg.postprocess = [dict(type='threshold', mask_thr=0.2)]

    model = load_model([changed(edit=add)], device='cpu')
    assert model.steps == [dict(type='threshold', mask_thr=0.2)]


def test_members_of_an_ensemble_see_the_same_images(files, changed):
    def smaller(cfg):
        cfg.test_dataloader.dataset.pipeline[1].scale = (32, 32)

    def threshold(cfg):
        cfg.model.test_cfg = dict(mask_thr=0.4)

    for edit, message in (
        (smaller, r'changed\.py and .* differ in pipeline of the test'),
        (threshold, r'have the thresholds \[0\.5, 0\.4\]; set one'),
    ):
        with pytest.raises(ValueError, match=message):
            load_model([files, changed(edit=edit)], device='cpu')
    with pytest.raises(ValueError, match='an ensemble itself, or lacks its'):
        load_model([files, files._replace(checkpoint=None)], device='cpu')
    with pytest.raises(ValueError, match='one weight above 0 for each of 2'):
        load_model([files, files], device='cpu', weights=[1])


def test_what_does_not_fit_is_refused(files, changed, small_network):
    def of_nuclei(checkpoint):
        checkpoint['meta']['dataset_meta']['classes'] = ('bg', 'nucleus')

    def wider(cfg):
        cfg.model.decode_head.channels = 64

    def plain(cfg):
        cfg.model.type = 'EncoderDecoder'
        for key in ('task', 'test_cfg'):
            cfg.model.pop(key)
        cfg.model.test_cfg = dict(mode='whole')

    def no_test(cfg):
        cfg.pop('test_dataloader')

    for model, message in (
        (changed(meta=of_nuclei), r"trained for classes \('bg', 'nucleus'\)"),
        (changed('wide.py', wider), 'would stay random'),
        (changed('plain.py', plain), 'has the model EncoderDecoder'),
        (changed('none.py', no_test), 'has no test_dataloader'),
        (files._replace(checkpoint=None), 'names no weights; name its ch'),
    ):
        with pytest.raises(ValueError, match=message):
            load_model([model], device='cpu')


def test_the_pipeline_begins_with_reading(changed):
    def other(cfg):
        cfg.test_dataloader.dataset.pipeline.insert(0, dict(type='Resize'))

    model = load_model([changed(edit=other)], device='cpu')
    with pytest.raises(ValueError, match='begins with Resize'):
        model.transforms()
    with pytest.raises(ValueError, match='channels is set of LoadImageReg'):
        load_model([changed(edit=other)], device='cpu', channels=3)


def test_other_keys_of_the_config(files):
    model = load_model(
        [files],
        device='cpu',
        options={
            'model.test_cfg': dict(mode='slide', crop_size=(32, 32)),
        },
    )
    assert model.origin['crop_size'] == (32, 32)
    assert Config.fromfile(files.config).model.get('test_cfg') != dict(
        mode='slide', crop_size=(32, 32)
    )
