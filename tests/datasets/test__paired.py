import pytest

from mmseg_medical.datasets._paired import files_below, stem_of


def test_files_below_are_sorted_and_hidden_ones_passed_over(tmp_path):
    for name in ('b.png', 'a/c.png', '.ipynb_checkpoints/b.png', '.b.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(files_below(str(tmp_path))) == ['a/c.png', 'b.png']
    with pytest.raises(FileNotFoundError, match='none is no folder; check'):
        list(files_below(str(tmp_path / 'none')))


@pytest.mark.parametrize(
    ('name', 'suffixes', 'stem'),
    [
        ('a.b.PNG', '.png', 'a.b'),
        ('a.ome.tif', ['.tif', '.ome.tif'], 'a'),
        ('a_mask.png', '_mask.png', 'a'),
        ('a.txt', ['.png', '.jpg'], None),
    ],
)
def test_stems(name, suffixes, stem):
    assert stem_of(name, suffixes) == stem
