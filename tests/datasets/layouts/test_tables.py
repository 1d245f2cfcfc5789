import pytest

from mmseg_medical.datasets.layouts import recognise


@pytest.fixture
def told(tree):
    """Layouts of a folder with a table of these lines, by name."""
    root = tree('x/a.png', 'x/b.png', masks=['y/a.png', 'y/b.png'])

    def write(*lines):
        (root / 'train.csv').write_text('\n'.join(lines))
        return {one.name: one for one in recognise(root)}

    return write


def test_columns_of_masks(told):
    rows = ['image,patient,mask', 'x/a.png,1,y/a.png', 'x/b.png,2,y/b.png']
    layout = told(*rows)['table']
    assert not layout.named
    config = layout.parts['train']
    assert (config['image'], config['mask']) == ('image', 'mask')
    config = told('one,other', 'x/a.png,y/a.png')['table'].parts['train']
    assert (config['image'], config['mask']) == ('one', 'other')


def test_columns_of_run_lengths(told):
    found = told('file,rle', 'x/a.png,1 3', 'x/b.png,')['table']
    config = found.parts['train']
    assert (config['image'], config['rle']) == ('file', 'rle')


@pytest.mark.parametrize(
    'lines',
    [
        ('file,age', 'x/a.png,70'),
        ('file,rle', 'none.png,1 3'),
        ('file,rle',),
        ('file,file', 'x/a.png,x/b.png'),
    ],
)
def test_other_tables(told, lines):
    assert 'table' not in told(*lines)
