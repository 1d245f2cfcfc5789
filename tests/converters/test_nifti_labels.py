import gzip
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmseg_medical.converters import nifti_labels
from mmseg_medical.converters.label_map import OverlapError, class_map
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.converters.tiff import ImageError
from mmseg_medical.errors import InputError

nibabel = pytest.importorskip('nibabel')

# Columns, rows, slices, as slices lie: to the left, to the back, upwards.
SHAPE = (4, 5, 3)
AFFINE = np.array(
    [[-2, 0, 0, 10], [0, -1.5, 0, 20], [0, 0, 3, 30], [0, 0, 0, 1]]
)
LABELS = np.random.default_rng(0).integers(0, 4, SHAPE).astype(np.uint8)


def stored(codes):
    """The volume with its axes in another order, and its affine."""
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt('LPS'),
        nibabel.orientations.axcodes2ornt(codes),
    )
    return (
        nibabel.apply_orientation(LABELS, turn),
        AFFINE @ nibabel.orientations.inv_ornt_aff(turn, SHAPE),
    )


def save(path, data=LABELS, affine=AFFINE):
    nibabel.save(nibabel.Nifti1Image(data, affine), path)
    return path


ORDERS = [
    codes
    for axes in itertools.permutations(['RL', 'AP', 'SI'])
    for codes in itertools.product(*axes)
]


@pytest.mark.parametrize('codes', ORDERS[::7], ids=''.join)
def test_slices_lie_as_displays_show_them(tmp_path, codes):
    data, affine = stored(codes)
    assert nibabel.aff2axcodes(affine) == codes
    path = save(tmp_path / 'v.nii.gz', data, affine)
    records = list(nifti_labels.read(path, classes='abc'))
    assert [r.img_id for r in records] == ['v_0000', 'v_0001', 'v_0002']
    for k, record in enumerate(records):
        labels = class_map(record, 'abc')
        np.testing.assert_array_equal(labels, LABELS[:, :, k].T)
        assert record.properties['slice_index'] == k
        assert record.properties['spacing'] == (1.5, 2.0)
        np.testing.assert_allclose(record.properties['affine'], AFFINE)
    out = tmp_path / 'like'
    nifti_labels.write(records, out, classes='abc', like=path)
    again = nibabel.load(out / 'v.nii.gz')
    np.testing.assert_array_equal(again.dataobj, data)
    np.testing.assert_allclose(again.affine, affine)
    assert again.get_data_dtype() == np.uint8


def test_round_trip(tmp_path_factory, label_images, record_of, masks_of):
    @given(images=st.lists(label_images, min_size=1, max_size=3))
    @settings(deadline=None, max_examples=20)
    def check(images):
        path = tmp_path_factory.mktemp('nii') / 'out'
        images = [i for i in images if i.shape == images[0].shape]
        records = [
            record_of(labels, img_id=f'case1_slice_{k:04d}')
            for k, labels in enumerate(images, 1)
        ]
        count = nifti_labels.write(
            records, path, classes='abcd', spacing=(3, 1.5, 2)
        )
        assert count == len(images)
        assert [p.name for p in path.iterdir()] == ['case1.nii.gz']
        again = list(nifti_labels.read(path))
        assert again[0].properties['spacing'] == (1.5, 2.0)
        for one, other in zip(records, again, strict=True):
            assert (one.img_id, one.shape) == (other.img_id, other.shape)
            assert masks_of(one, by='classes') == masks_of(other, by='classes')

    check()


def test_where_labels_lie_is_kept(tmp_path):
    data, affine = stored(('P', 'S', 'R'))
    path = save(tmp_path / 'v.nii', data, affine)
    out = tmp_path / 'out'
    nifti_labels.write(
        nifti_labels.read(path, classes='abc'), out, classes='abc'
    )
    again = nibabel.load(out / 'v.nii.gz')
    np.testing.assert_allclose(again.affine, AFFINE)
    np.testing.assert_array_equal(again.dataobj, LABELS)
    assert again.header.get_xyzt_units()[0] == 'mm'
    own = [a.label for r in nifti_labels.read(out) for a in r.annotations]
    assert set(own) == {'a', 'b', 'c'}


def test_units_become_mm(tmp_path):
    img = nibabel.Nifti1Image(LABELS, AFFINE / [[1000]] * 1)
    img.header.set_xyzt_units('meter')
    nibabel.save(img, tmp_path / 'v.nii')
    (first, *_) = nifti_labels.read(tmp_path / 'v.nii', classes='abc')
    assert first.properties['spacing'] == pytest.approx((1.5, 2))


def test_a_part_of_a_volume_keeps_its_place(tmp_path):
    path = save(tmp_path / 'v.nii')
    upper = list(nifti_labels.read(path, classes='abc'))[1:]
    nifti_labels.write(upper, tmp_path / 'out', classes='abc')
    again = nibabel.load(tmp_path / 'out' / 'v.nii.gz')
    np.testing.assert_array_equal(again.dataobj, LABELS[..., 1:])
    np.testing.assert_allclose(again.affine[:3, 3], [10, 20, 33])


def test_labels_of_other_values_and_types(tmp_path):
    path = save(tmp_path / 'v.nii', np.float32(LABELS * 10))
    names = {10: 'a', 20: 'b', 30: 'c'}
    (first, *_) = nifti_labels.read(path, values=names)
    assert {a.label for a in first.annotations} == {'a', 'b', 'c'}
    save(path, LABELS[..., None])
    assert len(list(nifti_labels.read(path, classes='abc'))) == 3
    save(path, LABELS[..., 0])
    assert len(list(nifti_labels.read(path, classes='abc'))) == 1


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (LABELS * 0.5, r'v\.nii holds numbers that are not whole, as \d\.5'),
        (LABELS * np.float32(np.nan), 'are not whole, as nan; is it an'),
        (np.int16(LABELS) - 5, 'holds the label -'),
        (np.stack([LABELS] * 2, 3), r'shape \(4, 5, 3, 2\); a label vol'),
    ],
)
def test_what_is_no_label_volume(tmp_path, data, message):
    path = save(tmp_path / 'v.nii', data)
    with pytest.raises(ImageError, match=message):
        list(nifti_labels.read(path, classes='abc'))


def test_files_that_are_broken(tmp_path):
    path = save(tmp_path / 'v.nii.gz')
    whole = path.read_bytes()
    for data, message in (
        (whole[:-30], 'cannot be read as NIfTI'),
        (b'no nifti', 'cannot be read as NIfTI'),
        (b'', 'cannot be read as NIfTI'),
    ):
        path.write_bytes(data)
        with pytest.raises(ImageError, match=rf'v\.nii\.gz {message}'):
            list(nifti_labels.read(path, classes='abc'))
    forged = bytearray(gzip.decompress(whole))
    forged[42:48] = np.array([30000] * 3, '<i2').tobytes()
    path.write_bytes(gzip.compress(forged))
    with pytest.raises(ImageError, match=r'is cut short: .*30000'):
        list(nifti_labels.read(path, classes='abc'))
    with pytest.raises(FileNotFoundError, match=r'w\.nii does not exist'):
        list(nifti_labels.read(tmp_path / 'w.nii'))
    with pytest.raises(InputError, match=r'has no files \*\.nii\.gz, \*\.nii'):
        (tmp_path / 'none').mkdir()
        list(nifti_labels.read(tmp_path / 'none'))
    save(tmp_path / 'b.nii')
    skipped = Skipped(strict=False)
    found = nifti_labels.read(tmp_path, classes='abc', skipped=skipped)
    assert (len(list(found)), len(skipped)) == (3, 1)
    with pytest.raises(InputError, match='does not say what its labels'):
        list(nifti_labels.read(tmp_path / 'b.nii'))


def test_what_cannot_be_written(tmp_path, record_of):
    records = [record_of(LABELS[..., k], img_id=f'v_{k}') for k in range(3)]
    out = tmp_path / 'out'
    with pytest.raises(InputError, match="'v': nothing says how large its"):
        nifti_labels.write(records, out, classes='abc')
    with pytest.raises(InputError, match=r'\(depth, height, width\) in mm'):
        nifti_labels.write(records, out, classes='abc', spacing=(1, 2))
    with pytest.raises(InputError, match='slice 2 does not follow'):
        nifti_labels.write(records[::2], out, classes='abc', spacing=(1, 1, 1))
    image = save(tmp_path / 'v.nii.gz', LABELS)
    with pytest.raises(InputError, match=r'\(3, 4, 5\) voxels .* \(3, 5, 4\)'):
        nifti_labels.write(records, out, classes='abc', like=image)
    with pytest.raises(InputError, match="has no volume 'w'"):
        nifti_labels.write(
            [Record('w_1', (4, 5), ())], out, classes='abc', like=tmp_path
        )
    over = records[0].annotations + records[1].annotations
    with pytest.raises(OverlapError):
        nifti_labels.write(
            [Record('v_1', (4, 5), over)],
            *(out,),
            classes='abc',
            spacing=(1, 1, 1),
        )
    assert [p.name for p in tmp_path.iterdir()] == ['v.nii.gz']


def test_a_slice_that_is_missing_leaves_out_its_volume(tmp_path, record_of):
    records = [
        record_of(LABELS[..., 0], img_id=name)
        for name in ('a_1', 'a_3', 'b_1', 'b_2')
    ]
    skipped = Skipped(strict=False)
    count = nifti_labels.write(
        records,
        tmp_path / 'out',
        classes='abc',
        spacing=(1, 1, 1),
        skipped=skipped,
    )
    assert (count, len(skipped)) == (2, 1)


def test_real_slices_become_a_volume(real_data, tmp_path):
    from mmseg_medical.converters import rle_table

    root = real_data('abdomen16_uwm_layout')
    names = ['large_bowel', 'small_bowel', 'stomach']
    records = list(
        rle_table.read(
            root / 'train.csv', layout='uw_madison', img_dir=root / 'train'
        )
    )
    out = tmp_path / 'out'
    nifti_labels.write(records, out, classes=names, spacing=(3, 1.5, 1.5))
    assert sorted(p.name for p in out.iterdir()) == [
        f'case{name}.nii.gz' for name in ('901_day0', '902_day0', '903_day5')
    ]
    again = list(nifti_labels.read(out))
    assert len(again) == 62
    for one, other in zip(records, again, strict=True):
        assert {a.label: a.runs.area for a in one.annotations} == {
            a.label: a.runs.area for a in other.annotations
        }
