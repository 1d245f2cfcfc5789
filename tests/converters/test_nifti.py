import gzip
import itertools

import numpy as np
import pytest

from mmseg_medical.converters.image import (
    image_size,
    read_image,
    read_labels,
)
from mmseg_medical.converters.nifti import NIfTIImage
from mmseg_medical.converters.tiff import ImageError, Region

nibabel = pytest.importorskip('nibabel')

VOXELS = (1.5, 2.0, 3.0)  # to the right, to the front, to the head


@pytest.fixture
def body():
    """Numbers (left, back, head) that say where in the body they are."""
    x, y, z = np.mgrid[:5, :6, :7]
    return (100 * x + 10 * y + z).astype(np.int16)


@pytest.fixture
def save(tmp_path):
    def write(array, affine=None, name='a.nii', kind=None):
        img = (kind or nibabel.Nifti1Image)(array, affine, dtype=array.dtype)
        nibabel.save(img, tmp_path / name)
        return tmp_path / name

    return write


def stored_as(body, order, signs):
    """The body (left, back, head) with its axes in another order."""
    array = body.transpose(order)[tuple(slice(None, None, s) for s in signs)]
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, (of_body, sign) in enumerate(zip(order, signs, strict=True)):
        to_right_front_head = sign * (1 if of_body == 2 else -1)
        affine[of_body, axis] = to_right_front_head * VOXELS[of_body]
    return array, affine


@pytest.mark.parametrize('order', itertools.permutations(range(3)))
@pytest.mark.parametrize('signs', [(1, 1, 1), (-1, 1, 1), (-1, -1, -1)])
def test_slices_lie_alike_however_they_are_stored(body, save, order, signs):
    path = save(*stored_as(body, order, signs))
    axial = read_image(path, frame=2)
    assert axial.dtype == np.int16
    np.testing.assert_array_equal(axial, body[:, :, 2].T)
    coronal = read_image(path, frame=4, plane='coronal')
    np.testing.assert_array_equal(coronal, body[:, 4, ::-1].T)
    sagittal = read_image(path, frame=1, plane='sagittal')
    np.testing.assert_array_equal(sagittal, body[1, :, ::-1].T)
    img = NIfTIImage.open(path)
    assert (img.frames, img.shape) == (7, (6, 5))
    assert img.spacing == pytest.approx((3.0, 2.0, 1.5))
    assert NIfTIImage.open(path, 'sagittal').spacing == (1.5, 3.0, 2.0)
    assert image_size(path, plane='coronal') == (7, 5)


@pytest.mark.parametrize('name', ['a.nii', 'a.nii.gz', 'A.NII.GZ'])
@pytest.mark.parametrize('kind', ['Nifti1Image', 'Nifti2Image'])
def test_kinds_of_files(body, save, name, kind):
    path = save(body, np.eye(4), name, getattr(nibabel, kind))
    whole = read_image(path, frame=3)
    # Along the axes of the file: to the right, to the front, to the head.
    np.testing.assert_array_equal(whole, body[::-1, ::-1, 3].T)
    region = Region(1, 2, 3, 2)
    np.testing.assert_array_equal(
        read_image(path, region, frame=3), whole[region.slices]
    )
    with pytest.raises(ImageError, match=r'7 images; choose one with frame=0'):
        read_image(path)
    with pytest.raises(ImageError, match='has no frame 7, only 7'):
        read_image(path, frame=7)
    with pytest.raises(ValueError, match='leaves the image of 6 x 5'):
        read_image(path, Region(0, 0, 7, 5), frame=0)


@pytest.mark.parametrize('kind', [np.uint8, np.uint16, np.int32, np.float64])
def test_types_are_kept(save, kind):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    found = read_image(save(array, np.diag([-1, -1, 1, 1])), frame=1)
    assert found.dtype == kind
    np.testing.assert_array_equal(found, array[:, :, 1].T)


def test_slope_and_intercept_are_applied(save):
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    img = nibabel.Nifti1Image(array, np.diag([-1, -1, 1, 1]))
    img.header.set_slope_inter(0.5, -3)
    path = save(array)
    nibabel.save(img, path)  # stores what gives the same numbers back
    stored = np.asarray(nibabel.load(path).dataobj)
    found = read_image(path, frame=1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, stored[:, :, 1].T)


def test_further_dimensions_are_channels(body, save):
    several = np.stack([body, body + 1000], 3)
    found = read_image(save(several, np.diag([-1, -1, 1, 1])), frame=2)
    assert found.shape == (6, 5, 2)
    np.testing.assert_array_equal(found[..., 1], body[:, :, 2].T + 1000)


def test_colours(save):
    rgb = np.random.default_rng(0).integers(0, 255, (4, 5, 6, 3), np.uint8)
    records = np.ascontiguousarray(rgb).view(
        np.dtype([('R', 'u1'), ('G', 'u1'), ('B', 'u1')])
    )[..., 0]
    found = read_image(save(records, np.diag([-1, -1, 1, 1])), frame=5)
    np.testing.assert_array_equal(found, rgb[:, :, 5].transpose(1, 0, 2))


def test_flat_files(save):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    found = read_image(save(array, np.diag([-1, -1, 1, 1])))
    np.testing.assert_array_equal(found, array.T)


@pytest.mark.parametrize('kind', [np.float32, np.float64, np.int32, np.int64])
def test_labels_take_the_smallest_type(save, kind):
    labels = np.array([[[0, 1], [2, 4]]]).astype(kind)
    path = save(labels, np.diag([-1, -1, 1, 1]))
    found = read_labels(path, frame=1)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, [[1], [4]])
    path = save(labels * 500, np.diag([-1, -1, 1, 1]))
    assert read_labels(path, frame=1).dtype == np.uint16


def test_parts_of_labels_are_no_labels(save):
    path = save(np.full((2, 3, 4), 0.5, np.float32), np.eye(4))
    with pytest.raises(ImageError, match=r'a\.nii: a mask is one channel'):
        read_labels(path, frame=0)


def test_only_the_slice_is_read(save, monkeypatch):
    path = save(np.zeros((64, 64, 512), np.uint8), np.eye(4))
    img = NIfTIImage(path)
    counted = 0
    opened = nibabel.openers.Opener.read

    def read(self, size=-1):
        nonlocal counted
        data = opened(self, size)
        counted += len(data)
        return data

    monkeypatch.setattr(nibabel.openers.Opener, 'read', read)
    img.read(frame=9)
    assert 64 * 64 <= counted < 3 * 64 * 64


def test_files_that_cannot_be_read(body, save, tmp_path):
    path = save(body, np.eye(4))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ImageError, match=r'a\.nii .*cut short: .*needs 772 b'):
        NIfTIImage(path)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ImageError, match=r'a\.nii cannot be read as NIfTI'):
        NIfTIImage(path)
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 7), np.uint8)
    packed = save(noise, np.eye(4), 'b.nii.gz')
    packed.write_bytes(packed.read_bytes()[:-900])
    with pytest.raises(ImageError, match=r'b\.nii\.gz .*cut short'):
        read_image(packed, frame=6)
    forged = save(body, np.eye(4), 'c.nii.gz')
    data = bytearray(gzip.decompress(forged.read_bytes()))
    data[42:48] = np.array([30000] * 3, '<i2').tobytes()
    forged.write_bytes(gzip.compress(bytes(data)))
    with pytest.raises(ImageError, match=r'c\.nii\.gz .*needs 54000000000352'):
        NIfTIImage(forged)
    (tmp_path / 'd.nii').write_bytes(b'\x89PNG' + bytes(500))
    with pytest.raises(ImageError, match=r'd\.nii .*it is a PNG'):
        NIfTIImage(tmp_path / 'd.nii')
    with pytest.raises(FileNotFoundError, match=r'e\.nii does not exist'):
        read_image(tmp_path / 'e.nii')
    flat = save(body, np.eye(4), 'f.nii')
    data = bytearray(flat.read_bytes())
    data[312:328] = bytes(16)  # srow_z
    flat.write_bytes(data)
    with pytest.raises(ImageError, match=r'f\.nii .*its affine'):
        NIfTIImage(flat)
    with pytest.raises(ImageError, match=r"one of \['axial', .* got 'top'"):
        NIfTIImage(path, 'top')


def test_without_nibabel_the_extra_is_named(body, save, monkeypatch):
    path = save(body, np.eye(4))
    monkeypatch.setitem(__import__('sys').modules, 'nibabel', None)
    with pytest.raises(ImportError, match=r'medical\[volumes\]'):
        NIfTIImage(path)
