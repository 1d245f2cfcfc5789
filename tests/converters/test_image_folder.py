import cv2
import numpy as np
import pytest

from mmseg_medical.converters.image_folder import (
    ImageFolder,
    find_image,
    size_lookup,
    visible,
    walk,
)
from mmseg_medical.converters.table import TableError
from mmseg_medical.errors import InputError


@pytest.fixture
def images(tmp_path):
    def put(*names, size=(4, 6)):
        for name in names:
            path = tmp_path / 'images' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.zeros((*size, 3), np.uint8))
        return tmp_path / 'images'

    return put


def test_hidden_files_are_passed_over(images):
    folder = images(
        *('b.png', 'a/c.png', '.ipynb_checkpoints/b.png', '.d.png'),
        '__MACOSX/b.png',
    )
    names = [p.relative_to(folder).as_posix() for p in walk(folder)]
    assert names == ['a/c.png', 'b.png']
    with pytest.raises(NotADirectoryError, match=r'none is no folder'):
        list(visible(folder / 'none'))


def test_one_image_is_found_with_or_without_its_suffix(images, tmp_path):
    folder = images('a.png', 'b.ome.TIF', 'c.jpg', 'p/d.png')
    assert find_image(folder, 'a').name == 'a.png'
    assert find_image(folder, 'a.png').name == 'a.png'
    assert find_image(folder, 'b.ome').name == 'b.ome.TIF'
    assert find_image(folder, 'p/d') == folder / 'p' / 'd.png'
    assert find_image(folder, 'c.json') is None
    assert find_image(None, 'a') is None
    with pytest.raises(InputError, match='leads out of'):
        find_image(folder / 'p', '../a')


def test_links_to_folders_are_not_followed(images):
    folder = images('a.png')
    (folder / 'up').symlink_to(folder)
    assert [p.name for p in walk(folder)] == ['a.png']


def test_images_are_found_by_id_and_by_what_a_file_names(images):
    folder = images('train/a.png', 'b.jpg', 'x/c.png', 'y/c.png')
    found = ImageFolder(folder)
    assert found.path('a') == folder / 'train/a.png'
    assert found.path('train/a') == folder / 'train/a.png'
    assert found.path('b.jpg') == folder / 'b.jpg'
    assert found.path('y/c') == folder / 'y/c.png'
    assert found.path('1', 'C:\\data\\x\\c.png') == folder / 'x/c.png'
    assert found.path('1', '/elsewhere/train/a.png') == folder / 'train/a.png'
    assert found.size('b') == (4, 6)
    assert found.find('c') is None
    with pytest.raises(InputError, match=r"for 'c' 2 images of that name, as"):
        found.path('c')
    with pytest.raises(InputError, match="for 'd' no image of that name"):
        found.path('d', 'e/d.png')


def test_paths_of_annotation_files_never_lead_out(images, tmp_path):
    folder = images('a.png')
    secret = tmp_path / 'secret.png'
    secret.write_bytes((folder / 'a.png').read_bytes())
    found = ImageFolder(folder)
    for name in ('../secret.png', str(secret), '..\\secret.png'):
        with pytest.raises(InputError, match='no image of that name'):
            found.path(name, name)


def test_a_folder_without_images(tmp_path):
    (tmp_path / 'a.txt').touch()
    with pytest.raises(InputError, match='holds no image'):
        ImageFolder(tmp_path)


def test_sizes_of_uw_madison_come_from_the_names(tmp_path):
    scans = tmp_path / 'case1' / 'case1_day20' / 'scans'
    scans.mkdir(parents=True)
    (scans / 'slice_0007_360_310_1.50_1.50.png').touch()  # not opened
    size = size_lookup(tmp_path)
    assert size('case1_day20_slice_0007') == (310, 360)


def test_sizes_of_a_table_or_of_all(tmp_path):
    path = tmp_path / 'sizes.csv'
    path.write_text('id,width,height\na,6,4\n')
    assert size_lookup(path)('a') == (4, 6)
    path.write_text('id,img_height,img_width\na,4,6\n')
    assert size_lookup(path)('a') == (4, 6)
    assert size_lookup((3, 2))('anything') == (3, 2)
    assert size_lookup({'a': (1, 2)})('a') == (1, 2)
    with pytest.raises(InputError, match="no id 'b'"):
        size_lookup(path)('b')
    path.write_text('id,width,height\na,6,x\n')
    with pytest.raises(InputError, match=r'sizes\.csv id a: expected whole'):
        size_lookup(path)
    path.write_text('id,width\na,6\n')
    with pytest.raises(InputError, match=r'got \[\]; add them'):
        size_lookup(path)
    path.write_text('name,width\na,6\n')
    with pytest.raises(TableError, match="no column 'id'"):
        size_lookup(path)
