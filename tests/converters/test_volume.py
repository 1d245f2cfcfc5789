import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters.image import read_image
from mmseg_medical.converters.volume import (
    VolumeError,
    assemble,
    read_dicom_volume,
    slice_order,
)

NAMES = 'abcdef'


@settings(deadline=None)
@given(st.permutations(range(6)), st.floats(0.1, 10), st.floats(-100, 100))
def test_slices_are_sorted_whatever_their_order(order, step, start):
    places = [start + step * k for k in order]
    found, distance = slice_order(places, NAMES)
    assert np.array(order)[found].tolist() == list(range(6))
    assert distance == pytest.approx(step)


@pytest.mark.parametrize(
    ('places', 'message'),
    [
        ([0, 3, 6, 6, 9, 12], r'c and d lie at the same place \(6\)'),
        ([0, 3, 6, 15, 18, 21], 'c and d are 9 apart, other slices 3: 2 sl'),
        ([0, 3, 6, 9, 12, 16], 'e and f are 4 apart, other slices 3: 0 sl'),
        ([0, 3, 6, 9, float('nan'), 15], 'e: its position is not finite'),
        ([0, 3], '2 positions of 6 slices'),
    ],
)
def test_gaps_and_copies_are_named(places, message):
    with pytest.raises(VolumeError, match=message):
        slice_order(places, NAMES)


def test_small_differences_are_no_gaps():
    _, step = slice_order([0, 3.01, 6, 8.98, 12, 15], NAMES)
    assert step == 3
    with pytest.raises(VolumeError, match='are missing'):
        slice_order([0, 3.01, 6, 8.98, 12, 15], NAMES, tolerance=0.001)
    with pytest.raises(VolumeError, match='a and b are 2 apart'):
        slice_order([0, 2, 4, 6, 8, 10], NAMES, step=1)


def test_volumes_by_number():
    layers = [np.full((2, 3), k, np.uint16) for k in (7, 5, 6)]
    volume = assemble(layers, [7, 5, 6], spacing=(1.5, 1.6), step=1, depth=3.0)
    assert volume.array.dtype == np.uint16
    assert volume.array[:, 0, 0].tolist() == [5, 6, 7]
    assert volume.spacing == (3.0, 1.5, 1.6)
    assert volume.names == ('slice 1', 'slice 2', 'slice 0')
    alone = assemble(layers[:1], [4])
    assert alone.array.shape == (1, 2, 3)
    assert np.isnan(alone.spacing).all()


def test_slices_that_differ():
    layers = [np.zeros((2, 3)), np.zeros((3, 2))]
    with pytest.raises(VolumeError, match=r'slice 1 is \(3, 2\) of float64, '):
        assemble(layers, [0, 1])
    layers = [np.zeros((2, 3)), np.zeros((2, 3), np.uint8)]
    with pytest.raises(VolumeError, match=r'slice 1 is .*uint8, slice 0'):
        assemble(layers, [0, 1])


@pytest.fixture
def series(dicom):
    """Write slices in the order of their files; gives (folder, pixels)."""

    def write(places, directions=(1, 0, 0, 0, 1, 0), **changes):
        normal = np.cross(directions[:3], directions[3:])
        pixels = [
            np.full((4, 5), 100 * k, np.int16) for k in range(len(places))
        ]
        for k, place in enumerate(places):
            elements = dict(
                SeriesInstanceUID='1.2.3',
                PixelSpacing=[0.5, 0.6],
                ImageOrientationPatient=list(directions),
                ImagePositionPatient=[float(x) for x in normal * place],
                InstanceNumber=k + 1,
            )
            elements.update({n: v[k] for n, v in changes.items()})
            elements = {n: v for n, v in elements.items() if v is not None}
            path = dicom(pixels[k], f'scan/IM{k}', **elements)
        return path.parent

    return write


@pytest.mark.parametrize(
    'directions',
    [(1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1), (0, 1, 0, 0, 0, -1)],
)
def test_series_are_sorted_by_place(series, directions):
    folder = series([7.5, 2.5, 5.0], directions)
    (folder / 'notes.txt').write_text('no DICOM')
    volume = read_dicom_volume(folder)
    assert volume.array[:, 0, 0].tolist() == [100, 200, 0]
    assert volume.spacing == pytest.approx((2.5, 0.5, 0.6))
    assert [name[-3:] for name in volume.names] == ['IM1', 'IM2', 'IM0']
    files = [folder / f'IM{k}' for k in (0, 2)]
    assert read_dicom_volume(files).array[:, 0, 0].tolist() == [200, 0]


def test_without_a_place_the_number_counts(series):
    folder = series(
        [0, 0, 0],
        ImagePositionPatient=[None] * 3,
        InstanceNumber=[12, 11, 13],
        SliceThickness=[3.0] * 3,
    )
    volume = read_dicom_volume(folder)
    assert volume.array[:, 0, 0].tolist() == [100, 0, 200]
    assert volume.spacing == (3.0, 0.5, 0.6)


def test_frames_of_one_file(dicom):
    frames = np.arange(3 * 20, dtype=np.uint8).reshape(3, 4, 5)
    path = dicom(frames, frames=3, SpacingBetweenSlices=2)
    volume = read_dicom_volume(path)
    np.testing.assert_array_equal(volume.array, frames)
    assert volume.spacing[0] == 2
    assert volume.names[2].endswith('a.dcm (frame 2)')


def test_units_of_a_volume(series):
    folder = series([0, 1], RescaleSlope=[1, 1], RescaleIntercept=[-9, -9])
    assert read_dicom_volume(folder).array.min() == -9
    assert read_dicom_volume(folder, rescale=False).array.min() == 0


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(SeriesInstanceUID=['1.2', '1.3', '1.2']),
            r'2 series are mixed, first \S+ and \S+IM1; give the files',
        ),
        (
            dict(PixelSpacing=[[0.5, 0.6], [0.5, 0.6], [0.5, 0.7]]),
            r'IM2 lies in another .*\(0\.5, 0\.7\)\) than .*IM0 \(\(0\.5',
        ),
        (
            dict(
                ImageOrientationPatient=[
                    *([1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]),
                    [1, 0, 0, 0, 1, 0],
                ]
            ),
            'IM1 lies in another direction',
        ),
        (
            dict(ImagePositionPatient=[[0, 0, 0], [0, 0, 0], [0, 0, 1]]),
            r'IM0 and \S+IM1 lie at the same place',
        ),
    ],
)
def test_series_that_make_no_volume(series, changes, message):
    with pytest.raises(VolumeError, match=message):
        read_dicom_volume(series([0, 1, 2], **changes))


def test_folders_without_dicom(tmp_path):
    (tmp_path / 'DICOMDIR').write_bytes(bytes(128) + b'DICM')
    with pytest.raises(FileNotFoundError, match='holds no DICOM files; are'):
        read_dicom_volume(tmp_path)
    with pytest.raises(VolumeError, match='no files make no volume'):
        read_dicom_volume([])


def test_real_slices_make_their_volumes(real_data):
    root = real_data('abdomen16_uwm_layout')
    depths = {}
    for scans in sorted(root.glob('train/case*/*/scans')):
        paths = list(scans.glob('*.png'))
        found = [
            re.match(r'slice_(\d+)_(\d+)_(\d+)_([\d.]+)_([\d.]+)$', p.stem)
            for p in paths
        ]
        volume = assemble(
            [read_image(p) for p in paths],
            [int(m[1]) for m in found],
            spacing=(float(found[0][5]), float(found[0][4])),
            names=[p.name for p in paths],
            step=1,
            depth=3.0,
        )
        assert volume.array.shape[1:] == (int(found[0][3]), int(found[0][2]))
        assert list(volume.names) == sorted(volume.names)
        depths[scans.parts[-3]] = len(volume.array)
        # neighbours are more alike than slices further apart
        layers = volume.array.astype(float)
        near = np.abs(layers[1:] - layers[:-1]).mean()
        assert near < np.abs(layers[4:] - layers[:-4]).mean()
    assert depths == dict(case901=20, case902=30, case903=12)


def test_real_frames_lie_where_they_say(real_data):
    path = real_data('dicom_misc') / 'seg_image_ct_binary_overlap.dcm'
    with pytest.raises(VolumeError, match='lie at the same place'):
        read_dicom_volume(path)  # two objects, four slices each
