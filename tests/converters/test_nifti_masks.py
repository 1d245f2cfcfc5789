import numpy as np
import pytest
from hypothesis import given, settings

from mmseg_medical.converters import nifti_masks, rle_table
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

nibabel = pytest.importorskip('nibabel')
MASK = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)
SPACING = (3, 1.5, 2)


def test_overlapping_classes_round_trip(
    tmp_path_factory, label_images, record_of, masks_of
):
    @given(labels=label_images)
    @settings(deadline=None, max_examples=15)
    def check(labels):
        path = tmp_path_factory.mktemp('nii') / 'out'
        one = record_of(labels, img_id='v_1')
        more = record_of(labels[::-1].copy(), 'efgh').annotations
        over = Record('v_2', one.shape, (*one.annotations, *more))
        empty = Record('v_3', one.shape, ())
        records = [one, over, empty]
        count = nifti_masks.write(
            records, path, classes='abcdefgh', spacing=SPACING
        )
        assert count == 3
        again = list(nifti_masks.read(path))
        assert again[0].properties['spacing'] == (1.5, 2.0)
        for first, second in zip(records, again, strict=True):
            assert first.shape == second.shape
            assert masks_of(first, by='classes') == masks_of(
                second, by='classes'
            )

    check()


@pytest.fixture
def folder(tmp_path):
    def save(*names, shape=(2, 3, 4), moved=0):
        for name in names:
            path = tmp_path / 'masks' / f'{name}.nii.gz'
            path.parent.mkdir(parents=True, exist_ok=True)
            affine = np.eye(4)
            affine[0, 3] = moved
            img = nibabel.Nifti1Image(np.ones(shape, np.uint8), affine)
            nibabel.save(img, path)
        return tmp_path / 'masks'

    return save


def test_files_are_classes(folder):
    root = folder('x/y/liver', 'x/y/spleen')
    records = list(nifti_masks.read(root))
    assert [r.img_id for r in records] == [f'x/y_000{k}' for k in range(4)]
    assert records[0].shape == (3, 2)
    assert [a.label for a in records[3].annotations] == ['liver', 'spleen']


def test_masks_that_do_not_fit_are_refused(folder):
    root = folder('a/liver', 'b/liver')
    with pytest.raises(InputError, match="a: label 'liver' is none of"):
        list(nifti_masks.read(root, classes=['spleen']))
    folder('a/spleen', shape=(2, 3, 5))
    message = r'a/spleen\.nii\.gz has another shape .* \(2, 3, 5\) and'
    with pytest.raises(InputError, match=message):
        list(nifti_masks.read(root))
    skipped = Skipped(strict=False)
    records = list(nifti_masks.read(root, skipped=skipped))
    assert ({r.properties['volume'] for r in records}, len(skipped)) == (
        *({'b'}, 1),
    )
    folder('b/spleen', moved=1)
    with pytest.raises(InputError, match=r'has another shape or place'):
        list(nifti_masks.read(root / '..' / 'masks', classes=None))
    with pytest.raises(InputError, match='stands in no folder of its volume'):
        list(nifti_masks.read(root / 'a'))


def test_what_cannot_be_written(tmp_path, record_of):
    path, record = tmp_path / 'out', record_of(MASK, img_id='v_1')
    with pytest.raises(InputError, match="'a' is none of"):
        nifti_masks.write([record], path, classes='b', spacing=SPACING)
    with pytest.raises(InputError, match='nothing says how large its voxels'):
        nifti_masks.write([record], path, classes='a')
    with pytest.raises(InputError, match="'b/c' is no name of a file"):
        nifti_masks.write(
            [record], path, classes=['a', 'b/c'], spacing=SPACING
        )
    assert not list(tmp_path.iterdir())


def test_real_slices_become_masks(real_data, tmp_path):
    root = real_data('abdomen16_uwm_layout')
    records = list(
        rle_table.read(
            root / 'train.csv', layout='uw_madison', img_dir=root / 'train'
        )
    )
    names = ['large_bowel', 'small_bowel', 'stomach']
    out = tmp_path / 'out'
    nifti_masks.write(records, out, classes=names, spacing=(3, 1.5, 1.5))
    assert len(list(out.rglob('*.nii.gz'))) == 9
    for one, other in zip(records, nifti_masks.read(out), strict=True):
        assert {a.label: a.runs.area for a in one.annotations} == {
            a.label: a.runs.area for a in other.annotations
        }
