import os

import pytest
from mmengine.config import Config

from mmseg_medical.apis import drop_pretrained, load_config


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'unet.py'
    path.write_text("model = dict(type='A', lr=1)\n")
    return str(path)


def test_options_and_work_dir(config):
    cfg = load_config(config, options={'model.lr': 2})
    assert cfg.model.lr == 2
    assert cfg.work_dir == 'work_dirs/unet'
    assert os.path.isdir('work_dirs/unet')
    assert load_config(config, work_dir='other').work_dir == 'other'
    cfg = load_config(config, options=dict(work_dir='of_the_config'))
    assert cfg.work_dir == 'of_the_config'


def test_a_missing_config():
    with pytest.raises(FileNotFoundError, match=r'none\.py does not exist'):
        load_config('none.py')


def test_a_work_dir_that_cannot_be_written(config, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(ValueError, match=r"file/x' cannot be written .*--wor"):
        load_config(config, work_dir='file/x')


def test_pretrained_weights_are_dropped_at_any_depth():
    url = 'https://example.org/a.pth'
    model = Config(
        dict(
            pretrained='torchvision://resnet50',
            backbone=dict(
                init_cfg=dict(type='Pretrained', checkpoint=url),
                norm_cfg=dict(type='BN'),
            ),
            neck=dict(init_cfg=dict(type='Normal', std=0.1)),
            heads=[
                dict(type='timm', pretrained=True),
                dict(type='smp', encoder_weights='imagenet'),
                dict(pretrained=False),
                dict(
                    init_cfg=[
                        dict(type='Normal'),
                        dict(type='Pretrained', checkpoint='b.pth'),
                    ]
                ),
            ],
        )
    )
    assert drop_pretrained(model._cfg_dict) == [
        'pretrained=torchvision://resnet50',
        url,
        'pretrained=True',
        'encoder_weights=imagenet',
        'b.pth',
    ]
    assert model.pretrained is None
    assert model.backbone.init_cfg is None
    assert model.neck.init_cfg.type == 'Normal'
    assert model.heads[0].pretrained is False
    assert model.heads[1].encoder_weights is None
    assert model.heads[3].init_cfg == [dict(type='Normal')]
    assert drop_pretrained(model._cfg_dict) == []


def test_weights_that_are_a_default_or_in_a_list_are_dropped_too():
    pretrained = dict(type='Pretrained', checkpoint='a.pth')
    model = Config(
        dict(
            backbone=dict(type='TIMMBackbone', model_name='resnet18'),
            neck=dict(init_cfg=[dict(type='Normal', std=0.1), pretrained]),
        )
    )
    assert drop_pretrained(model._cfg_dict) == ['pretrained=True', 'a.pth']
    assert model.backbone.pretrained is False
    assert model.neck.init_cfg == [dict(type='Normal', std=0.1)]
