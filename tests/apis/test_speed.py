import argparse

import pytest
from mmengine.config import Config

from mmseg_medical.apis import load_config, train
from mmseg_medical.apis.command_line import add_training_arguments, speed_of
from mmseg_medical.apis.speed import speed_up
from mmseg_medical.errors import InputError


def config(**changes):
    plain = dict(
        model=dict(type='MedicalSegmentor'),
        optim_wrapper=dict(type='OptimWrapper', clip_grad=dict(max_norm=1)),
    )
    return Config({**plain, **changes})


def arguments(text):
    parser = argparse.ArgumentParser()
    add_training_arguments(parser)
    return speed_of(parser.parse_args(text.split()))


def test_without_flags_a_config_stays_as_it_is():
    cfg = config()
    speed_up(cfg, **arguments(''))
    assert cfg.to_dict() == config().to_dict()


def test_flags_set_keys():
    amp = dict(type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic')
    cfg = config(
        optim_wrapper=amp, custom_hooks=[dict(type='CompileHook', mode='a')]
    )
    flags = '--precision bf16 --channels-last --compile --sync-bn'
    for _ in range(2):
        speed_up(cfg, **arguments(flags))
    assert cfg.optim_wrapper == dict(
        type='MixedPrecisionOptimWrapper',
        precision='bf16',
        loss_scale='dynamic',
    )
    assert cfg.model.channels_last
    assert cfg.custom_hooks == [
        dict(type='CompileHook', mode='a'),
        dict(type='SyncBNHook'),
    ]


@pytest.mark.parametrize(
    ('flags', 'changes', 'message'),
    [
        (
            '--precision fp16',
            dict(optim_wrapper=dict(type='ApexOptimWrapper')),
            'the config has ApexOptimWrapper',
        ),
        (
            '--channels-last',
            dict(model=dict(type='EncoderDecoder')),
            'model.type is EncoderDecoder',
        ),
    ],
)
def test_refused(flags, changes, message):
    with pytest.raises(InputError, match=message):
        speed_up(config(**changes), **arguments(flags))


def test_a_training_on_this_machine(
    hubmap, tiny_config, small_network, tmp_path
):
    """Two images of one process on a CPU: batch norm stays local."""
    cfg = load_config(
        tiny_config(hubmap(), 2, small_network),
        work_dir=str(tmp_path),
        speed=arguments('--precision bf16 --channels-last --sync-bn'),
    )
    runner = train(cfg, pretrained=False)
    assert runner.optim_wrapper.precision == 'bf16'
    weight = runner.model.backbone.layer1[0].conv1.weight
    assert weight.is_contiguous(memory_format=runner.model.memory_format)
    assert not weight.is_contiguous()
