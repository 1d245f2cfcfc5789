import pytest

from mmseg_medical.datasets.layouts.tree import Tree


def test_names_below_a_folder(tree):
    root = tree('images/a.png', 'images/b.JPG', 'c/.hidden/d.png')
    (root / 'README.md').write_text('of whoever unpacked it')
    (root / 'train.csv').write_text('\ufeffid, rle\n1,2 3\n')
    (root / '.git').mkdir()
    (root / '.git' / 'x.png').write_bytes(b'')
    found = Tree(root)
    assert found.files == ['images/a.png', 'images/b.JPG', 'train.csv']
    assert found.folders['images'] == ['a.png', 'b.JPG']
    assert found.images() == found.images('images') == found.files[:2]
    assert found.images('image') == []
    assert found.match('*.csv') == ['train.csv']
    assert found.columns('train.csv') == ['id', 'rle']
    assert found.columns('none.csv') == []
    assert found.columns('images/a.png') == []
    assert found.kinds() == '1 .png, 1 .jpg, 1 .csv'
    with pytest.raises(NotADirectoryError, match='is no folder'):
        Tree(root / 'none')


def test_what_lies_beside_a_data_set(tree):
    root = tree('images/a.png', 'other/b.png', 'other/c.png', 'd.png')
    for name in ('info.csv', 'train.csv'):
        (root / name).write_text('id\n')
    used = [f'{root}/images/a.png', str(root / 'train.csv')]
    assert Tree(root).beside(used) == {'other': 2, 'info.csv': 0}
    assert Tree(root).beside([*used, f'{root}/other']) == {'info.csv': 0}
