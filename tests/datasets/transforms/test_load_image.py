import cv2
import numpy as np
import pytest
import tifffile
from mmseg.registry import TRANSFORMS

from mmseg_medical.converters.tiff import Region
from mmseg_medical.datasets.transforms import (
    ChooseRandomRegion,
    LoadImageRegion,
    LoadMaskRegion,
    load_image,
)
from mmseg_medical.errors import InputError


def test_whole_image_and_mask(sample):
    out = LoadMaskRegion()(LoadImageRegion()(dict(sample)))
    np.testing.assert_array_equal(out['img'][..., ::-1], sample['img'])
    np.testing.assert_array_equal(out['gt_seg_map'], sample['mask'])
    assert out['img_shape'] == out['ori_shape'] == (90, 120)
    assert out['seg_fields'] == ['gt_seg_map']
    rgb = LoadImageRegion(to_bgr=False)(dict(sample))
    np.testing.assert_array_equal(rgb['img'], sample['img'])


def test_image_and_mask_of_a_region_belong_together(sample):
    region = Region(35, 60, 20, 30)
    out = dict(sample, region=region)
    out = LoadMaskRegion()(LoadImageRegion()(out))
    np.testing.assert_array_equal(
        out['img'][..., ::-1], sample['img'][region.slices]
    )
    np.testing.assert_array_equal(
        out['gt_seg_map'], sample['mask'][region.slices]
    )
    assert out['img_shape'] == (20, 30)


def test_gray_and_alpha(tmp_path):
    rgba = np.random.default_rng(0).integers(0, 255, (8, 9, 4), np.uint8)
    for stored, expected in (
        (rgba[..., 0], rgba[..., :1]),
        (rgba, rgba[..., 2::-1]),
    ):
        tifffile.imwrite(tmp_path / 'b.tif', stored)
        out = LoadImageRegion()(dict(img_path=str(tmp_path / 'b.tif')))
        np.testing.assert_array_equal(out['img'], expected)


@pytest.mark.parametrize('kind', ['uint8', 'int16', 'float32', 'float64'])
def test_colours_of_any_type_are_reversed(kind):
    img = np.arange(24).reshape(2, 4, 3).astype(kind)
    found = LoadImageRegion().arrange(img)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, img[..., ::-1])
    plain = LoadImageRegion(to_bgr=False).arrange(img)
    np.testing.assert_array_equal(plain, img)


def test_the_size_is_checked_before_anything_is_read(sample):
    sample['height'] = 91
    for transform in (ChooseRandomRegion(), LoadImageRegion()):
        with pytest.raises(ValueError, match='id a: the table says'):
            transform(dict(sample))


@pytest.fixture
def slices(tmp_path):
    """Paths and pixels of five gray images of 16 bits."""
    pixels = np.arange(5 * 72, dtype=np.uint16).reshape(5, 8, 9) * 100
    paths = [str(tmp_path / f'{k}.png') for k in range(5)]
    for path, img in zip(paths, pixels, strict=True):
        cv2.imwrite(path, img)
    return paths, pixels


def test_neighbours_are_channels_in_their_order(slices):
    paths, pixels = slices
    order = [2, 0, 0]
    out = LoadImageRegion()(
        dict(img_path=[paths[k] for k in order], region=Region(1, 2, 5, 6))
    )
    assert out['img'].dtype == np.uint16
    np.testing.assert_array_equal(
        out['img'], pixels[order, 1:6, 2:8].transpose(1, 2, 0)
    )
    assert out['ori_shape'] == (5, 6)


def test_a_file_of_a_stack_is_read_once(slices, monkeypatch):
    paths, _ = slices
    reads = []
    read = load_image.read_image

    def count(path, *args, **options):
        reads.append(path)
        return read(path, *args, **options)

    monkeypatch.setattr(load_image, 'read_image', count)
    LoadImageRegion()(dict(img_path=[paths[0], paths[0], paths[1]]))
    assert reads == paths[:2]


def test_stacks_of_colour_images(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 255, (2, 8, 9, 3), np.uint8)
    paths = [str(tmp_path / f'{k}.png') for k in range(2)]
    for path, img in zip(paths, rgb, strict=True):
        cv2.imwrite(path, img[..., ::-1])
    out = LoadImageRegion()(dict(img_path=paths))['img']
    np.testing.assert_array_equal(out[..., :3], rgb[0, ..., ::-1])
    np.testing.assert_array_equal(out[..., 3:], rgb[1, ..., ::-1])


def test_images_of_a_stack_are_alike(slices, tmp_path):
    paths, pixels = slices
    cv2.imwrite(paths[1], pixels[1, :, :-1])
    with pytest.raises(
        InputError, match=r'1\.png has 8 x 8 pixels .*0\.png has 8 x 9'
    ):
        LoadImageRegion()(dict(img_path=paths))
    cv2.imwrite(paths[1], pixels[1].astype(np.uint8))
    with pytest.raises(
        InputError, match=r'1\.png is .*of uint8, .*0\.png is .*uint16; imag'
    ):
        LoadImageRegion()(dict(img_path=paths))


def test_frames_of_one_file(dicom):
    stack = np.arange(3 * 20, dtype=np.int16).reshape(3, 4, 5)
    path = str(dicom(stack, frames=3))
    out = LoadImageRegion()(dict(img_path=path, frame=1))
    np.testing.assert_array_equal(out['img'][..., 0], stack[1])
    out = LoadImageRegion()(dict(img_path=path, frame=[0, 0, 1]))
    np.testing.assert_array_equal(
        out['img'], stack[[0, 0, 1]].transpose(1, 2, 0)
    )
    with pytest.raises(InputError, match='2 files and 3 frames make no stack'):
        LoadImageRegion()(dict(img_path=[path] * 2, frame=[0, 1, 2]))


def test_options_of_dicom(dicom):
    stored = np.arange(2000, dtype=np.uint16).reshape(40, 50)
    sample = dict(
        img_path=str(dicom(stored, RescaleIntercept=-1000, RescaleSlope=1))
    )
    load = TRANSFORMS.build(
        dict(type='LoadImageRegion', dicom=dict(window=(40, 400)))
    )
    img = load(dict(sample))['img'][..., 0]
    assert img.dtype == np.uint8
    assert (img.ravel()[:840] == 0).all()
    assert (img.ravel()[1241:] == 255).all()
    assert 'spacing' not in load(dict(sample))
    with pytest.raises(InputError, match=r"dicom=…\) has no \['windows'\]"):
        LoadImageRegion(dicom=dict(windows=1))


def test_slices_of_a_volume_and_of_its_labels(tmp_path):
    nibabel = pytest.importorskip('nibabel')
    scan = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    affine = np.diag([-1.0, -1, 1, 1])
    nibabel.save(nibabel.Nifti1Image(scan, affine), tmp_path / 'a.nii.gz')
    labels = (scan % 3).astype(np.uint8)
    nibabel.save(nibabel.Nifti1Image(labels, affine), tmp_path / 'b.nii.gz')
    sample = dict(
        img_path=str(tmp_path / 'a.nii.gz'),
        seg_map_path=str(tmp_path / 'b.nii.gz'),
        frame=[1, 2, 3],
        plane='coronal',
    )
    out = LoadMaskRegion()(LoadImageRegion()(dict(sample)))
    expected = scan[:, 1:4, ::-1].transpose(2, 0, 1)
    np.testing.assert_array_equal(out['img'], expected)
    np.testing.assert_array_equal(
        out['gt_seg_map'], labels[:, 2, ::-1].transpose(1, 0)
    )
    cv2.imwrite(str(tmp_path / 'c.png'), np.zeros((6, 4), np.uint8))
    sample['seg_map_path'] = str(tmp_path / 'c.png')
    with pytest.raises(ValueError, match=r'c\.png has no frame 2'):
        LoadMaskRegion()(dict(sample))
    assert (
        LoadMaskRegion()(dict(sample, seg_frame=None))['gt_seg_map'].sum() == 0
    )


def test_the_file_tells_the_spacing_where_the_sample_does_not(dicom):
    path = str(dicom(np.ones((4, 5), np.uint8), PixelSpacing=[0.5, 0.25]))
    assert LoadImageRegion()(dict(img_path=path))['spacing'] == (0.5, 0.25)
    known = dict(img_path=[path] * 3, spacing=(3, 1, 1))
    assert LoadImageRegion()(known)['spacing'] == (3, 1, 1)


def test_gray_and_colours_of_one_folder(tmp_path):
    rgb = np.zeros((4, 5, 3), np.uint8)
    rgb[..., 0] = 200  # red: 0.299 of the brightness
    cv2.imwrite(str(tmp_path / 'rgb.png'), rgb[..., ::-1])
    cv2.imwrite(str(tmp_path / 'gray.png'), rgb[..., 0])
    for channels, red, gray in (
        (1, [60], [200]),
        (3, [0, 0, 200], [200] * 3),
        (None, [0, 0, 200], [200]),
    ):
        load = LoadImageRegion(channels=channels)
        for name, pixel in (('rgb', red), ('gray', gray)):
            img = load(dict(img_path=str(tmp_path / f'{name}.png')))['img']
            np.testing.assert_array_equal(img[1, 2], pixel)
    with pytest.raises(ValueError, match='channels is 1, 3 or None, got 4'):
        LoadImageRegion(channels=4)
