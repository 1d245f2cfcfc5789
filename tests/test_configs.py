"""Leaves and base models parse, build without weights and take one step."""

from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import LOOPS, METRICS, MODELS, OPTIMIZERS
from mmseg.structures import SegDataSample

from mmseg_medical.apis import drop_pretrained
from mmseg_medical.apis.stage_config import stage_config
from mmseg_medical.postprocessing import Pipeline

CONFIGS = Path(__file__).parents[1] / 'configs'
LEAVES = sorted(p for p in CONFIGS.glob('*/*.py') if p.parent.name != '_base_')
BASES = sorted(CONFIGS.glob('_base_/models/*.py'))
ENSEMBLES = [path for path in LEAVES if path.stem.startswith('ensemble')]
TRAINED = [path for path in LEAVES if path not in ENSEMBLES]


def test_there_are_configs():
    assert 'segformer_mitb2' in {p.stem for p in LEAVES}
    assert 'unet_smp' in {p.stem for p in BASES}


def length(path):
    return len([x for x in path.read_text().splitlines() if x.strip()])


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_names_and_length(path):
    assert path.stem.isidentifier()
    assert path.stem == path.stem.lower()
    if path.parent.name != 'demo':
        assert length(path) <= 16
    assert 'import' not in path.read_text().replace('custom_imports', '')


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_metafile_and_readme_know_them(path):
    if path.parent.name == 'demo':
        return
    models = yaml.safe_load((path.parent / 'metafile.yml').read_text())
    files = [model['Config'] for model in models['Models']]
    assert files.count(f'configs/{path.parent.name}/{path.name}') == 1
    readme = (path.parent / 'README.md').read_text()
    assert f'`{path.name}`' in readme


def build_and_batch(model_cfg, planes=1):
    """Network of a config, and two images of which all is foreground.

    Batch norm after pooling would find no variance in one.
    """
    drop_pretrained(model_cfg)
    model = MODELS.build(model_cfg)
    channels = len(model_cfg.data_preprocessor.mean)
    img = torch.randint(0, 256, (channels, 64, 64), dtype=torch.uint8)
    mask = torch.ones(planes, 64, 64, dtype=torch.uint8)
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=mask),
        metainfo=dict(ori_shape=(50, 40), img_id='a'),
    )
    for name, head in model.map_heads.items():
        target = torch.rand(head.out_channels, 64, 64)
        sample.set_data({f'gt_{name}_map': PixelData(data=target)})
    return model, dict(inputs=[img] * 2, data_samples=[sample] * 2)


def test_length_of_base_models():
    assert all(length(path) <= 30 for path in BASES)


# Each has smaller ones of its kind beside it.
LARGE = {
    *('deeplabv3plus_efficientnetv2m', 'deeplabv3plus_efficientnetb6'),
    *('unet_efficientnetb5_1st', 'unet_efficientnetb6_1st'),
    *('unet_efficientnetb7_1st', 'unet_efficientnet_b7_organ'),
    *('segformer_mitb3', 'segformer_mitb4', 'segformer_mitb5'),
    *(f'unet_efficientnetb{k}_gate_1st' for k in (4, 5, 6, 7)),
}


@pytest.mark.parametrize(
    'path',
    [
        pytest.param(
            path,
            id=path.stem,
            marks=[pytest.mark.slow] if path.stem in LARGE else [],
        )
        for path in TRAINED + BASES
    ],
)
def test_one_step_and_one_prediction(path):
    cfg = Config.fromfile(path)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    planes = 1
    if cfg.model.task == 'multilabel':
        planes = cfg.model.decode_head.num_classes
    model, batch = build_and_batch(cfg.model, planes)
    default = dict(optimizer=dict(type='SGD', lr=0.01))  # of base models
    wrapper = build_optim_wrapper(model, cfg.get('optim_wrapper', default))
    before = next(p for p in model.decode_head.parameters()).detach().clone()
    losses = model.train_step(batch, wrapper)
    assert losses['loss'].isfinite()
    assert all(p.isfinite().all() for p in model.parameters())
    after = next(p for p in model.decode_head.parameters())
    assert not torch.equal(before, after)
    model.eval()
    with torch.no_grad():
        (out, _) = model.test_step(batch)
    assert out.seg_probs.data.shape == (model.task.planes, 50, 40)


SWITCHES = {
    'multilabel': dict(num_classes=3, loss_decode=[dict(type='BCELoss')]),
    'multiclass': dict(num_classes=4),
}


@pytest.mark.parametrize(
    ('path', 'task'),
    list(zip(BASES, cycle(SWITCHES), strict=False)),
    ids=lambda x: getattr(x, 'stem', x),
)
def test_base_models_can_be_switched_to_another_task(path, task):
    cfg = Config.fromfile(path)
    head = SWITCHES[task]
    cfg.merge_from_dict(dict(model=dict(task=task, decode_head=head)))
    classes = head['num_classes']
    planes = classes if task == 'multilabel' else 1
    model, batch = build_and_batch(cfg.model, planes)
    data = model.data_preprocessor(batch, True)
    with torch.no_grad():
        losses = model.loss(**data)
        logits = model.encode_decode(data['inputs'], [{}])
    assert all(loss.isfinite() for loss in losses.values())
    assert logits.shape == (2, classes, 64, 64)


@pytest.mark.parametrize('path', ENSEMBLES, ids=lambda p: p.stem)
def test_members_of_ensembles_are_leaves(path):
    cfg = Config.fromfile(path).model
    MODELS.get(cfg.type)
    for part in filter(None, (cfg, cfg.get('gate'))):
        members = [Path(name).stem for name in part.members]
        assert len(set(members)) == len(members) == len(part.checkpoints)
        assert len(part.get('weights', members)) == len(members)
        for name, checkpoint in zip(members, part.checkpoints, strict=True):
            (leaf,) = (p for p in TRAINED if p.stem == name)
            assert leaf.parent == path.parent
            assert checkpoint == f'work_dirs/{name}/best_*.pth'


def test_steps_of_ensembles_are_those_of_the_first_place():
    steps = Config.fromfile(CONFIGS / 'uwmgi/ensemble_1st.py').postprocess
    labels = ['large_bowel', 'small_bowel', 'stomach']
    pipeline = Pipeline(steps, task='multilabel', labels=labels)
    probs = np.zeros((3, 2, 2))
    probs[0] = [[0.51, 0.41], [0.4, 0.1]]
    probs[1] = 0.5
    masks = pipeline(probs)
    assert masks[0].tolist() == [[True, True], [False, False]]
    assert not masks[1:].any()


def test_the_gate_learns_from_all_slices_and_others_where_there_is_any():
    for path in CONFIGS.glob('uwmgi/*_1st.py'):
        if path in ENSEMBLES:
            continue
        sampler = Config.fromfile(path).train_dataloader.sampler
        if 'gate' in path.stem:
            assert sampler == dict(type='InfiniteSampler', shuffle=True)
        else:
            assert sampler == dict(type='PositiveRatioSampler', ratio=1.0)


STAGED = [p for p in LEAVES if Config.fromfile(p).get('stages')]


@pytest.mark.parametrize('path', STAGED, ids=lambda p: p.stem)
def test_stages_are_configs_of_their_own(path):
    cfg = Config.fromfile(path)
    sizes = [
        stage_config(cfg, k).train_dataloader.dataset.pipeline[2].scale
        for k in range(len(cfg.stages))
    ]
    # A test is at the size of the last stage.
    assert sizes[-1] == cfg.test_dataloader.dataset.pipeline[1].scale


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_the_other_parts_are_registered(path):
    cfg = Config.fromfile(path)
    assert OPTIMIZERS.get(cfg.optim_wrapper.optimizer.type) is not None
    assert LOOPS.get(cfg.train_cfg.type) is not None
    metrics = cfg.val_evaluator
    for metric in metrics if isinstance(metrics, list) else [metrics]:
        assert METRICS.get(metric.type) is not None
    assert MODELS.get(cfg.tta_model.type) is not None
    for loader in ('train', 'val', 'test'):
        assert cfg[f'{loader}_dataloader'].dataset.pipeline
