"""Instances that a segmentor finds, with views and at other sizes."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_medical.instance_maps import distance_map, hv_map
from mmseg_medical.models.segmentors import MedicalSegmentor, MedicalTTAModel
from tests.models.segmentors.test_segmentor import batch, config
from tests.postprocessing.instances.test_decoder import (
    nuclei,
    overlaps,
    star_map,
)

TARGETS = dict(
    hv=hv_map, star=star_map, distance=lambda m: distance_map(m)[..., None]
)
KINDS = dict(hv='HVDecoder', star='StarDecoder', distance='SeedDecoder')
HEAD = dict(type='FCNHead', channels=4, num_convs=1, in_index=0)


class Knowing(MedicalSegmentor):
    """Stands in for a network that knows the nuclei it is shown."""

    def window_probs(self, windows):
        planes = []
        for window in windows:
            ids = np.ascontiguousarray(window[0].numpy().astype(np.int32))
            maps = TARGETS[self.map_name](ids).transpose(2, 0, 1)
            planes.append(np.concatenate([(ids > 0)[None], maps]))
        probs = torch.from_numpy(np.stack(planes)).float()
        return probs, probs.new_empty(len(windows), 0)


def knowing(name, **test_cfg):
    channels = dict(hv=2, star=33, distance=1)[name]
    cfg = config(
        map_heads={name: dict(HEAD, num_classes=channels)},
        test_cfg=dict(instances=dict(type=KINDS[name]), **test_cfg),
    )
    cfg.pop('type')
    return Knowing(**cfg)


def data(ids, ori_shape=None):
    sample = SegDataSample()
    shape = ori_shape or ids.shape
    sample.set_metainfo(dict(ori_shape=shape, img_id='a'))
    img = torch.from_numpy(ids.astype(np.uint8)).expand(3, -1, -1)
    return dict(inputs=[img], data_samples=[sample])


@pytest.mark.parametrize('merge', ['mean', 'geometric', 'max'])
@pytest.mark.parametrize('name', KINDS)
def test_views_of_a_map_change_nothing(name, merge):
    ids = nuclei(0, shape=(121, 96))
    module = knowing(name)
    (plain,) = module.test_step(data(ids))
    assert plain.pred_inst_map.data.dtype == torch.int32
    assert plain.pred_inst_map.shape == (121, 96)
    assert len(plain.instance_scores) == 24
    assert plain.seg_probs.data.shape == (1, 121, 96)
    tta = MedicalTTAModel(module, 'd4', merge=merge)
    (merged,) = tta.test_step(data(ids))
    found = merged.pred_inst_map.data[0].numpy()
    assert overlaps(plain.pred_inst_map.data[0].numpy(), found).min() > 0.95
    np.testing.assert_allclose(
        merged.instance_scores, plain.instance_scores, atol=1e-5
    )


@pytest.mark.parametrize('name', KINDS)
def test_another_size_and_another_scale(name):
    ids = nuclei(1, shape=(60, 48), count=6)
    large = np.kron(ids, np.ones((2, 2), np.int32))
    module = knowing(name)
    (found,) = module.test_step(data(ids, ori_shape=(120, 96)))
    assert overlaps(large, found.pred_inst_map.data[0].numpy()).min() > 0.75


def test_windows():
    ids = nuclei(2, shape=(200, 160), count=40)
    module = knowing('hv', mode='slide', crop_size=(128, 128), stride=(64, 64))
    (found,) = module.test_step(data(ids))
    inst_map = found.pred_inst_map.data[0].numpy()
    assert (overlaps(ids, inst_map) > 0.5).mean() > 0.9


def test_a_network_learns_and_finds():
    cfg = config(
        map_heads=dict(hv=dict(HEAD, num_classes=2)),
        test_cfg=dict(instances=dict(type='HVDecoder')),
    )
    model = MODELS.build(cfg)
    samples = batch()
    for sample in samples['data_samples']:
        target = torch.rand(2, 40, 56)
        sample.set_data(dict(gt_hv_map=PixelData(data=target)))
    losses = model(**model.data_preprocessor(samples, True), mode='loss')
    assert losses['hv.loss_map'] > 0
    (out, _) = model.eval().test_step(batch())
    assert out.seg_probs.data.shape == (1, 40, 56)
    assert out.pred_inst_map.data.shape == (1, 40, 56)
    assert out.pred_inst_map.data.max() == len(out.instance_scores)


def test_a_decoder_without_its_map():
    with pytest.raises(
        ValueError, match=r'HVDecoder, which .*map_heads\.hv; .* \[\]'
    ):
        MODELS.build(config(test_cfg=dict(instances=dict(type='HVDecoder'))))
    ensemble = dict(
        type='EnsembleSegmentor',
        members=[config()],
        test_cfg=dict(instances=dict(type='SeedDecoder', source='mask')),
    )
    (out, _) = MODELS.build(ensemble).test_step(batch())
    assert 'pred_inst_map' in out
