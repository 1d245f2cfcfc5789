import pytest

from mmseg_medical.converters._dicom_source import SourceImages, by_series
from mmseg_medical.converters.record import Record, Skipped
from mmseg_medical.errors import InputError

pytest.importorskip('pydicom')


def test_images_by_uid_name_and_path(tmp_path, dicom_series):
    one, two = dicom_series(tmp_path / 'ct/a', (5, 4))
    (other,) = dicom_series(tmp_path / 'ct/b', (5, 4), count=1)
    (tmp_path / 'ct' / 'README.md').write_text('no DICOM')
    images = SourceImages(tmp_path / 'ct')
    for name, uid in (
        (two, two),
        ('1', two),
        ('1.dcm', two),
        ('a/0', one),
        ('b/0', other),
        (f'slices/{other}', other),
    ):
        assert images.of(Record(name, (5, 4), ())).SOPInstanceUID == uid
    with pytest.raises(InputError, match=r'0: .* has 2 images of that'):
        images.of(Record('0', (5, 4), ()))
    with pytest.raises(InputError, match=r'9: .* has no image of that'):
        images.of(Record('9', (5, 4), ()))


def test_images_of_each_series(tmp_path, dicom_series):
    one = dicom_series(tmp_path / 'a')
    other = dicom_series(tmp_path / 'b')
    records = [Record(uid, (5, 4), ()) for uid in (*one, *other, one[0])]
    skipped = Skipped(strict=False)
    found = by_series(records, SourceImages(tmp_path), [], skipped)
    assert [[r.img_id for _, r in pairs] for pairs in found.values()] == [
        one,
        other,
    ]
    (error,) = skipped.errors
    assert 'another record is of the image' in str(error)
