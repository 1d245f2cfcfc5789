import pytest

from mmseg_medical.datasets.layouts import recognise


@pytest.fixture
def told(tree):
    """Layouts of a folder with a table of these lines, by name."""
    masks = ['masks/a.png', 'masks/b.png']
    root = tree('x/a.png', 'x/b.png', masks=masks)

    def write(*lines):
        (root / 'train.csv').write_text('\n'.join(lines))
        return {one.name: one for one in recognise(root)}

    return write


def test_columns_of_masks(told):
    rows = [
        'image,patient,mask',
        'x/a.png,1,masks/a.png',
        'x/b.png,2,masks/b.png',
    ]
    layout = told(*rows)['table']
    assert not layout.named
    config = layout.parts['train']
    assert (config['image'], config['mask']) == ('image', 'mask')
    config = told('one,other', 'x/a.png,masks/a.png')['table'].parts['train']
    assert (config['image'], config['mask']) == ('one', 'other')


def test_columns_of_run_lengths(told):
    found = told('file,rle', 'x/a.png,1 3', 'x/b.png,')['table']
    config = found.parts['train']
    assert (config['image'], config['rle']) == ('file', 'rle')


def test_names_without_folder_and_suffix(told):
    found = told('id,patient,rle', 'a,7,1 3', 'b,7,')['table']
    assert found.parts['train'] == dict(
        type='TableDataset',
        ann_file='train.csv',
        metainfo=dict(classes=('background', 'foreground')),
        image='id',
        img_suffix='.png',
        rle='rle',
        data_prefix=dict(img_path='x'),
        group='patient',
    )
    config = told('img,mask', 'a.png,a.png', 'b.png,b.png')['table']
    assert config.parts['train']['data_prefix'] == dict(
        img_path='x', seg_map_path='masks'
    )


def test_a_column_of_classes(told):
    rows = ('id,class,segmentation', 'a,stomach,1 3', 'a,bowel,', 'b,bowel,')
    layout = told(*rows)['table']
    config = layout.parts['train']
    assert layout.named
    assert config['label'] == 'class'
    assert config['metainfo'] == dict(classes=('bowel', 'stomach'))


@pytest.mark.parametrize(
    'lines',
    [
        ('file,age', 'x/a.png,70'),
        ('file,age', 'x/a.png,a', 'x/b.png,b'),  # by chance
        ('file,rle', 'none.png,1 3'),
        ('file,rle',),
        ('file,file', 'x/a.png,x/b.png'),
    ],
)
def test_other_tables(told, lines):
    assert 'table' not in told(*lines)
