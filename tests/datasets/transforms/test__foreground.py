import cv2
import numpy as np
import pytest

from mmseg_medical.converters.record import Annotation
from mmseg_medical.converters.tiff import write_tiff
from mmseg_medical.datasets.transforms import _foreground
from mmseg_medical.datasets.transforms._foreground import random_foreground

SIZE = (30, 40)


@pytest.fixture
def stored(tmp_path):
    def write(labels, name='m.png'):
        cv2.imwrite(str(tmp_path / name), labels)
        return dict(seg_map_path=str(tmp_path / name))

    return write


def test_what_is_ignored_is_no_foreground(stored):
    labels = np.full(SIZE, 255, np.uint8)
    labels[5, 6] = 3
    assert random_foreground(stored(labels), SIZE) == (5, 6)
    alone = stored(np.where(labels == 3, 255, 0).astype(np.uint8), 'b.png')
    assert random_foreground(alone, SIZE) == (5, 6)


def test_pseudo_labels_that_are_sure(tmp_path):
    labels = np.full((2, *SIZE), 255, np.uint8)
    labels[1, 5, 6] = 1
    write_tiff(tmp_path / 'm.tiff', labels, planes=True)
    sample = dict(pseudo_path=str(tmp_path / 'm.tiff'), overlapping=True)
    assert random_foreground(sample, SIZE) == (5, 6)
    assert random_foreground(sample, SIZE, {0: 1.0}) is None


def test_every_pixel_of_a_small_class_is_met(stored):
    labels = np.zeros(SIZE, np.uint16)
    labels[3:5, 7:9] = 999
    sample = stored(labels)
    hits = {random_foreground(sample, SIZE) for _ in range(100)}
    assert hits == {(3, 7), (3, 8), (4, 7), (4, 8)}


def test_many_objects_are_one_class(stored):
    labels = np.arange(30 * 40, dtype=np.uint16).reshape(SIZE)
    sample = stored(labels)
    assert random_foreground(sample, SIZE, {1: 1}) is not None
    assert random_foreground(sample, SIZE, {2: 1}) is None


def test_a_file_is_read_once_until_it_changes(stored, monkeypatch):
    reads = []
    read = _foreground.read_labels
    monkeypatch.setattr(
        _foreground,
        'read_labels',
        lambda *args, **options: reads.append(1) or read(*args, **options),
    )
    labels = np.eye(30, 40, dtype=np.uint8)
    sample = stored(labels)
    for _ in range(5):
        assert random_foreground(sample, SIZE) is not None
    assert len(reads) == 1
    labels[:] = 0
    stored(labels)
    assert random_foreground(sample, SIZE) is None
    assert len(reads) == 2


def test_little_is_kept_of_a_large_image(stored):
    sample = stored(np.ones((300, 400), np.uint8))
    for _ in range(3):
        random_foreground(sample, (300, 400))
    _, found = _foreground._candidates(
        sample['seg_map_path'], None, 'axial', 0, 0
    )
    assert found[1].nbytes <= 8 * 1024


def test_what_cannot_be_read_is_left_to_the_loading(stored, tmp_path):
    assert random_foreground({}, SIZE) is None
    (tmp_path / 'a.png').write_bytes(b'no image')
    for name in ('a.png', 'b.png'):
        sample = dict(seg_map_path=str(tmp_path / name))
        assert random_foreground(sample, SIZE) is None
    other = stored(np.ones((3, 4), np.uint8))
    assert random_foreground(other, SIZE) is None


def test_frames_of_one_file_have_their_own_foreground():
    def sample(frame, row, **options):
        square = np.array([[0, row], [8, row], [8, row + 4.0]])
        lesion = Annotation('lesion', polygons=((square,),), painter='pil')
        return dict(
            img_path='volume.nii',
            frame=frame,
            annotations=[lesion],
            classes=('background', 'lesion'),
            **options,
        )

    for frame, row in ((0, 2), (1, 20), (0, 2)):
        found = random_foreground(sample(frame, row), SIZE)
        assert row - 1 <= found[0] <= row + 4
    nothing = sample(0, 2, labels={'lesion': None})
    assert random_foreground(nothing, SIZE) is None
