import cv2
import numpy as np
import pytest
import tifffile
import torch

from mmseg_medical import apis
from mmseg_medical.apis import load_config
from mmseg_medical.apis.inferencer import MedicalInferencer
from mmseg_medical.converters import rle
from mmseg_medical.converters.probability_levels import quantize
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.converters.record import Skipped
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.errors import InputError


@pytest.fixture
def images(trained):
    return trained.root / 'train_images'


@pytest.fixture
def inferencer(trained):
    return MedicalInferencer(trained.config, str(trained.checkpoint), 'cpu')


@pytest.mark.parametrize('tta', [False, True])
def test_maps_are_those_of_a_test(tta, trained, images, tmp_path):
    cfg = load_config(trained.config, work_dir=str(tmp_path / 'work'))
    out = str(tmp_path / 'maps')
    apis.test(cfg, str(trained.checkpoint), tta=tta, out=out, out_bits=16)
    maps = ProbabilityMaps.open(out)
    inferencer = MedicalInferencer(
        trained.config, str(trained.checkpoint), 'cpu', tta=tta
    )
    paths = [images / f'{name}.tiff' for name in maps.ids]
    found = inferencer(paths, return_probs=True)
    two = inferencer(paths, batch_size=2, return_probs=True)['probs']
    np.testing.assert_allclose(two, found['probs'], atol=1e-6)
    assert found['ids'] == maps.ids
    for name, probs, labels in zip(
        *(maps.ids, found['probs'], found['predictions']), strict=True
    ):
        level = quantize(probs, maps.postprocess['mask_thr'], bits=16)
        np.testing.assert_array_equal(level, maps.read(name))
        np.testing.assert_array_equal(labels, maps.masks(name)[0])


def test_a_single_image_is_no_list(inferencer, images):
    path = images / '101.tiff'
    one = inferencer(path, return_probs=True, rle='kaggle')
    several = inferencer([path], return_probs=True)
    assert one['ids'] == '101'
    assert several['ids'] == ['101']
    np.testing.assert_array_equal(
        one['predictions'], several['predictions'][0]
    )
    assert one['probs'].shape == (1, 64, 80)
    mask = rle.decode(one['rle']['functional tissue unit'], (64, 80), 'kaggle')
    np.testing.assert_array_equal(mask, one['predictions'])
    (sample,) = inferencer([path], return_datasamples=True)['predictions']
    assert sample.seg_probs.shape == (64, 80)
    assert inferencer(images)['ids'] == ['101', '102', '103', '104']


def test_arrays_are_bgr_as_files_are_read(inferencer, images):
    img = cv2.imread(str(images / '101.tiff'))
    found = inferencer(img, return_probs=True)
    file = inferencer(images / '101.tiff', return_probs=True)
    np.testing.assert_array_equal(found['probs'], file['probs'])
    several = inferencer([img, img[:32]])
    assert [one.shape for one in several['predictions']] == [
        *((64, 80), (32, 80)),
    ]


def test_gray_becomes_colours_where_it_is_asked_for(
    inferencer, trained, images
):
    gray = cv2.imread(str(images / '101.tiff'), 0)
    with pytest.raises(ValueError, match=r'array_0 has 1 channel.*takes 3;'):
        inferencer(gray)
    three = inferencer(np.dstack([gray] * 3), return_probs=True)
    other = MedicalInferencer(
        trained.config, str(trained.checkpoint), 'cpu', channels=3
    )
    np.testing.assert_array_equal(
        other(gray, return_probs=True)['probs'], three['probs']
    )


def test_several_models_are_their_weighted_mean(trained, images, tmp_path):
    weights = load_checkpoint(trained.checkpoint)
    weights['state_dict']['decode_head.conv_seg.bias'][1] += 1
    second = str(tmp_path / 'second.pth')
    torch.save(weights, second)
    files = [str(trained.checkpoint), second]
    first, other = (
        MedicalInferencer(trained.config, file, 'cpu')(
            images / '101.tiff', return_probs=True
        )['probs']
        for file in files
    )
    both = MedicalInferencer(
        [trained.config] * 2, files, 'cpu', member_weights=[1, 3]
    )
    found = both(images / '101.tiff', return_probs=True)['probs']
    assert abs(first - other).max() > 0.1
    np.testing.assert_allclose(found, (first + 3 * other) / 4, atol=1e-6)


def test_a_wrong_image_is_named(inferencer, images, tmp_path):
    (tmp_path / 'broken.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match=r'broken\.png .*cannot be decoded'):
        inferencer([images / '101.tiff', tmp_path / 'broken.png'])
    with pytest.raises(ValueError, match=r'array_0: an image is \(H, W\)'):
        inferencer(np.zeros(3))
    with pytest.raises(ValueError, match='1 paths and 1 arrays; give either'):
        inferencer([images / '101.tiff', np.zeros((4, 4, 3), np.uint8)])


def test_the_network_blames_the_right_image(inferencer, images, monkeypatch):
    """Of a batch that fails, the others are predicted."""
    step = inferencer.model.network.test_step

    def failing(data):
        if any(s.img_id == '102' for s in data['data_samples']):
            raise ValueError('unrelated')
        return step(data)

    def diverging(data):
        if any(s.img_id == '102' for s in data['data_samples']):
            raise InputError('the network gives nan')
        return step(data)

    monkeypatch.setattr(inferencer.model.network, 'test_step', diverging)
    samples = inferencer.find([images])
    skipped = Skipped(strict=False)
    found = [
        one.img_id
        for one in inferencer.predict(samples, batch_size=3, skipped=skipped)
    ]
    assert found == ['101', '103', '104']
    assert [*map(str, skipped.errors)] == ['102: the network gives nan']
    monkeypatch.setattr(inferencer.model.network, 'test_step', failing)
    with pytest.raises(ValueError, match='unrelated'):
        list(inferencer.predict(samples))


def test_files_are_written_as_well(inferencer, images, tmp_path):
    found = inferencer(
        images, out_dir=tmp_path, write=['masks', 'probs'], show_progress=True
    )
    for name, labels in zip(found['ids'], found['predictions'], strict=True):
        stored = cv2.imread(str(tmp_path / 'masks' / f'{name}.png'), 1)
        assert (stored.any(2) == (labels > 0)).all()
    maps = ProbabilityMaps.open(tmp_path / 'probs')
    assert maps.ids == found['ids']
    assert not maps.missing()


def test_weights_are_one_for_each_model(trained):
    with pytest.raises(ValueError, match='2 models and 1 weights'):
        MedicalInferencer([trained.config] * 2, str(trained.checkpoint))
    with pytest.raises(ValueError, match='one model needs no weight'):
        MedicalInferencer(
            trained.config, str(trained.checkpoint), member_weights=[1]
        )


def seen(inferencer, source):
    """What the network gets of a file or an array."""
    samples, _ = inferencer._samples(source)
    (one,) = inferencer.predict(samples, keep_img=True)
    return one.img


def dicom_pixels(path):
    return pytest.importorskip('pydicom').dcmread(path).pixel_array


def bgr(path):
    return cv2.imread(str(path), cv2.IMREAD_COLOR)


def page(path):
    return tifffile.imread(path, level=0)[..., ::-1]


REAL = [
    # 16 bits of MR; photometric interpretation; pyramid; transparency; gray
    ('abdomen16_uwm_layout', '**/case901*/scans/slice_0010*.png', 'any'),
    ('dicom_misc', 'MR_small_RLE.dcm', dicom_pixels),
    ('dicom_misc', 'dx_image.dcm', lambda p: 255 - dicom_pixels(p)),
    ('cxr_siim_sample', 'dicom/*.dcm', dicom_pixels),
    ('hubmap_layout_tissue', 'train_images/70001.tiff', page),
    ('wsi_cmu1', 'CMU-1-Small-Region.svs', page),
    ('nuclei_dsb2018_stained', 'train/*/images/*.png', bgr),
]


@pytest.mark.parametrize(('folder', 'pattern', 'read'), REAL)
def test_real_files_are_seen_as_they_are(
    folder, pattern, read, trained, real_data
):
    path = sorted(real_data(folder).glob(pattern))[0]
    if read == 'any':
        expected = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH)
        assert expected.dtype == np.uint16
    else:
        expected = read(path)
    inferencer = MedicalInferencer(
        trained.config, str(trained.checkpoint), 'cpu', channels=3
    )
    if expected.ndim == 2:
        expected = np.dstack([expected] * 3)
    img = seen(inferencer, path)
    assert img.dtype == expected.dtype
    np.testing.assert_array_equal(img, expected)
    found = inferencer(path, return_probs=True)
    array = inferencer(expected, return_probs=True)
    assert found['predictions'].shape == expected.shape[:2]
    np.testing.assert_array_equal(found['probs'], array['probs'])


def test_dicom_is_windowed_as_the_config_says(trained, real_data):
    path = real_data('dicom_misc') / 'CT_small.dcm'
    key = 'test_dataloader.dataset.pipeline.0.dicom'
    inferencer = MedicalInferencer(
        *(trained.config, str(trained.checkpoint), 'cpu'),
        channels=3,
        options={key: dict(window=(40, 400))},
    )
    img = seen(inferencer, path)
    assert img.dtype == np.uint8
    hounsfield = dicom_pixels(path).astype(float) - 1024
    levels = (hounsfield + 160) / 400 * 255
    assert abs(img[..., 0] - levels.clip(0, 255)).max() <= 0.5 + 1e-6
