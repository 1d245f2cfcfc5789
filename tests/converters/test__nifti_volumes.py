import itertools

import numpy as np
import pytest

from mmseg_medical.converters import _nifti_volumes
from mmseg_medical.converters.record import Record
from mmseg_medical.errors import InputError

nibabel = pytest.importorskip('nibabel')

# Columns, rows, slices, as slices lie: to the left, to the back, upwards.
SHAPE = (4, 5, 3)
AFFINE = np.array(
    [[-2.0, 0, 0, 10], [0, -1.5, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]]
)
LABELS = np.arange(60, dtype=np.uint8).reshape(SHAPE)
FIRST = Record('v_0', (5, 4), ())
ORDERS = [
    codes
    for axes in itertools.permutations(['RL', 'AP', 'SI'])
    for codes in itertools.product(*axes)
]


def write(folder, labels=LABELS, slices=(FIRST,), **more):
    path = folder / 'written.nii.gz'
    _nifti_volumes.write_labels(
        *(path, labels),
        name='v',
        slices=slices,
        **dict(names={1: 'a', 7: 'é'}, spacing=None, like=None) | more,
    )
    return nibabel.load(path)


@pytest.mark.parametrize('codes', ORDERS, ids=''.join)
def test_volumes_are_turned_and_turned_back(tmp_path, codes):
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt('LPS'),
        nibabel.orientations.axcodes2ornt(codes),
    )
    data = nibabel.apply_orientation(LABELS, turn)
    affine = AFFINE @ nibabel.orientations.inv_ornt_aff(turn, SHAPE)
    path = tmp_path / 'v.nii'
    nibabel.save(nibabel.Nifti1Image(data, affine), path)
    labels, found, note = _nifti_volumes.load_labels(path)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_allclose(found, AFFINE)
    assert note == ({}, [])
    img = write(tmp_path, labels, like=path)
    np.testing.assert_array_equal(img.dataobj, data)
    np.testing.assert_allclose(img.affine, affine)


def test_spacing_alone_gives_an_affine(tmp_path):
    img = write(tmp_path, spacing=(3, 1.5, 2))
    np.testing.assert_allclose(np.diag(img.affine), [-2, -1.5, 3, 1])
    assert nibabel.aff2axcodes(img.affine) == ('L', 'P', 'S')
    assert img.header.get_zooms() == (2, 1.5, 3)


def test_what_a_slice_knows_of_its_place(tmp_path):
    place = _nifti_volumes.place_of('v', 2, affine=AFFINE)
    assert place['spacing'] == (1.5, 2.0)
    assert (place['volume'], place['slice_index']) == ('v', 2)
    third = Record('v_2', (5, 4), (), properties=place)
    img = write(tmp_path, slices=[third])
    np.testing.assert_allclose(img.affine[:3, 3], [10, 20, 36])


def test_labels_and_ids_are_kept(tmp_path):
    slices = [Record(f'case1/{k}', (5, 4), ()) for k in (7, 8, 9)]
    img = write(tmp_path, slices=slices, spacing=(1, 1, 1))
    *_, note = _nifti_volumes.load_labels(tmp_path / 'written.nii.gz')
    assert note.labels == {1: 'a', 7: 'é'}
    assert note.ids == ['case1/7', 'case1/8', 'case1/9']
    assert note.id_of('v', 1, count=3) == 'case1/8'
    assert note.id_of('v', 1, count=4) == 'v_0001'  # cut by somebody else
    other = nibabel.nifti1.Nifti1Extension(6, b'{"labels": 3}')
    img.header.extensions.clear()
    img.header.extensions.append(other)
    assert _nifti_volumes.Note.of(img) == ({}, [])


def test_what_is_not_known_or_does_not_fit(tmp_path):
    def make(**more):
        return write(tmp_path / 'out', **more)

    with pytest.raises(InputError, match='nothing says how large its voxels'):
        make()
    with pytest.raises(InputError, match=r'in mm, got \(1, 2\)'):
        make(spacing=(1, 2))
    with pytest.raises(InputError, match=r'in mm, got \(0, 1, 2\)'):
        make(spacing=(0, 1, 2))
    path = tmp_path / 'v.nii.gz'
    nibabel.save(nibabel.Nifti1Image(LABELS[1:], AFFINE), path)
    with pytest.raises(InputError, match=r'\(3, 5, 4\) .* \(3, 5, 3\)'):
        make(like=tmp_path)
    with pytest.raises(FileNotFoundError):
        make(like=tmp_path / 'w.nii')
