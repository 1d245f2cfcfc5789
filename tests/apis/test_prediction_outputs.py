import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

from mmseg_medical.apis.inferencer import Prediction
from mmseg_medical.apis.loaded_model import LoadedModel
from mmseg_medical.apis.prediction_outputs import KINDS, Outputs
from mmseg_medical.converters import class_masks, index_maps, rle, rle_table
from mmseg_medical.converters.probability_maps import ProbabilityMaps

COLOURS = [(0, 0, 0), (250, 10, 20), (30, 240, 50)]


def model(task='multiclass', **changes):
    classes = {
        'binary': ['background', 'gland'],
        'multiclass': ['background', 'gland', 'tumour'],
        'multilabel': ['gland', 'tumour'],
    }[task]
    segmentor = SimpleNamespace(
        task=SimpleNamespace(name=task), postprocess=dict(mask_thr=0.5)
    )
    colours = COLOURS[task == 'multilabel' :][: len(classes)]
    options = dict(
        network=segmentor,
        segmentor=segmentor,
        classes=classes,
        colours=colours,
        pipeline=[],
        stack={},
        dataset='FolderDataset',
        origin=dict(checkpoints=['a.pth 0']),
    )
    return LoadedModel(**{**options, **changes})


def prediction(labels, probs, img_id='a/1'):
    sample = SegDataSample()
    sample.set_metainfo(dict(img_id=img_id, organ='lung', ori_shape=(9, 9)))
    sample.set_data(
        dict(
            pred_sem_seg=PixelData(data=torch.from_numpy(labels)),
            seg_probs=PixelData(data=torch.from_numpy(probs)),
        )
    )
    img = np.full((*labels.shape[1:], 3), 100, np.uint8)
    return Prediction(img_id, sample, img)


@pytest.fixture
def ring():
    """A gland with a hole, and a tumour in two parts; their probabilities."""
    labels = np.zeros((1, 9, 12), np.uint8)
    labels[0, 1:6, 1:6] = 1
    labels[0, 3, 3] = 0
    labels[0, 1, 8:10] = labels[0, 7, 8] = 2
    probs = np.full((3, 9, 12), 0.1, np.float32)
    probs[0] = 0.8
    for k in (1, 2):
        probs[k][labels[0] == k] = 0.9
        probs[0][labels[0] == k] = 0.0
    probs[2, 7, 8] = 0.6
    probs /= probs.sum(0)
    return prediction(labels, probs)


def test_every_kind_is_written_whole(ring, tmp_path):
    outputs = Outputs(tmp_path, KINDS, model(), rle='uw_madison', bits=16)
    assert outputs.needs_img
    outputs.start(['a/1', 'b'])
    assert outputs.lacking('a/1') == list(KINDS)
    outputs.write(ring)
    assert outputs.lacking('a/1') == []
    assert outputs.lacking('b') == list(KINDS)
    outputs.finish()

    labels = ring.labels[0]
    with Image.open(tmp_path / 'masks' / 'a' / '1.png') as img:
        assert img.mode == 'P'
        np.testing.assert_array_equal(np.asarray(img), labels)
        assert img.getpalette()[:9] == [*COLOURS[0], *COLOURS[1], *COLOURS[2]]
    (record,) = index_maps.read(tmp_path / 'masks')
    assert record.img_id == 'a/1'
    for one, k in zip(record.annotations, (1, 2), strict=True):
        np.testing.assert_array_equal(one.mask((9, 12)), labels == k)

    maps = ProbabilityMaps.open(tmp_path / 'probs')
    assert maps.missing() == ['b']
    assert maps.meta('a/1')['organ'] == 'lung'
    np.testing.assert_allclose(maps.read('a/1') / 65535, ring.probs, atol=2e-5)

    for table in ('rle.csv', 'rle/a/1.csv'):
        (record,) = rle_table.read(
            tmp_path / table, layout='uw_madison', sizes=(9, 12)
        )
        found = {a.label: a.mask((9, 12)) for a in record.annotations}
        np.testing.assert_array_equal(found['gland'], labels == 1)
        np.testing.assert_array_equal(found['tumour'], labels == 2)

    picture = cv2.imread(str(tmp_path / 'overlay' / 'a' / '1.png'))
    assert picture.shape == (64 * 9, 64 * 12, 3)
    assert picture[64, 64].tolist() == [20, 10, 250]  # its outline, as BGR
    assert picture[-1, -1].tolist() == [100, 100, 100]


def test_objects_for_qupath(ring, tmp_path):
    outputs = Outputs(tmp_path, ['geojson'], model())
    outputs.start(['a/1'])
    outputs.write(ring)
    text = (tmp_path / 'geojson' / 'a' / '1.geojson').read_text()
    features = json.loads(text)['features']
    told = [
        (
            f['properties']['classification'],
            f['properties']['measurements']['score'],
            f['geometry']['type'],
            len(f['geometry']['coordinates']),
        )
        for f in features
    ]
    gland = dict(name='gland', color=[250, 10, 20])
    tumour = dict(name='tumour', color=[30, 240, 50])
    assert told == [
        (gland, 0.9, 'Polygon', 2),  # with its hole
        (tumour, 0.9, 'Polygon', 1),
        (tumour, 0.8571, 'Polygon', 1),
    ]
    outer, hole = features[0]['geometry']['coordinates']
    assert {*map(tuple, outer)} == {(1, 1), (6, 1), (6, 6), (1, 6)}
    assert {*map(tuple, hole)} == {(3, 3), (4, 3), (4, 4), (3, 4)}


def test_classes_that_overlap_have_a_mask_each(tmp_path):
    labels = np.zeros((2, 9, 12), np.uint8)
    labels[0, 2:6] = labels[1, 4:8] = 1
    probs = labels.astype(np.float32) * 0.75
    outputs = Outputs(tmp_path, ['masks', 'geojson'], model('multilabel'))
    outputs.start(['a/1'])
    outputs.write(prediction(labels, probs))
    (record,) = class_masks.read(tmp_path / 'masks')
    found = {a.label: a.mask((9, 12)) for a in record.annotations}
    np.testing.assert_array_equal(found['gland'], labels[0])
    np.testing.assert_array_equal(found['tumour'], labels[1])
    features = json.loads(
        (tmp_path / 'geojson' / 'a' / '1.geojson').read_text()
    )['features']
    assert [f['properties']['classification']['color'] for f in features] == [
        [250, 10, 20],
        [30, 240, 50],
    ]
    # One of them is gone: both are written anew.
    (tmp_path / 'masks' / 'a' / '1' / 'gland.png').unlink()
    assert outputs.lacking('a/1') == ['masks']


def test_an_empty_image_has_files_too(tmp_path):
    outputs = Outputs(tmp_path, KINDS, model('binary'))
    outputs.start(['e'])
    labels = np.zeros((1, 9, 12), np.uint8)
    outputs.write(prediction(labels, labels.astype(np.float32), 'e'))
    outputs.finish()
    assert outputs.lacking('e') == []
    lines = (tmp_path / 'rle.csv').read_text().splitlines()
    assert lines == ['id,img_height,img_width,rle', 'e,9,12,']
    assert rle.decode('', (9, 12), 'hubmap').sum() == 0
    text = (tmp_path / 'geojson' / 'e.geojson').read_text()
    assert json.loads(text)['features'] == []


def test_a_failed_write_leaves_nothing(ring, tmp_path, monkeypatch):
    outputs = Outputs(tmp_path, ['masks'], model())
    outputs.start(['a/1'])

    def full(*args, **options):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Image.Image, 'save', full)
    with pytest.raises(OSError, match=r'cannot write .*1\.png: No space'):
        outputs.write(ring)
    assert outputs.lacking('a/1') == ['masks']
    assert not list((tmp_path / 'masks' / 'a').iterdir())


def test_what_cannot_be_written_is_refused_at_once(tmp_path):
    for kinds, options, message in (
        (['png'], {}, 'unknown output png: expected some of masks, probs'),
        ([], {}, r'unknown output \(none\)'),
        (['rle'], {}, "a table of 'hubmap' has one class"),
        (['rle'], dict(rle='kaggle'), "unknown layout 'kaggle'"),
    ):
        with pytest.raises(ValueError, match=message):
            Outputs(tmp_path, kinds, model(), **options)
    outputs = Outputs(tmp_path, ['masks'], model())
    with pytest.raises(ValueError, match='leads out of it'):
        outputs.files('masks', '../a')


def test_a_folder_is_of_one_model_and_one_table(tmp_path):
    Outputs(tmp_path, ['rle'], model('binary')).start(['a'])
    Outputs(tmp_path, ['masks'], model('binary')).start(['b'])
    for other, options, message in (
        (model('binary', origin=dict(checkpoints=['b.pth 0'])), {}, 'checkpo'),
        (model('multiclass'), dict(rle='uw_madison'), 'classes there is'),
        (model('binary'), dict(rle='siim'), 'rle there is hubmap, here siim'),
    ):
        with pytest.raises(ValueError, match=f'of another model: {message}'):
            Outputs(tmp_path, ['rle'], other, **options).start(['a'])
