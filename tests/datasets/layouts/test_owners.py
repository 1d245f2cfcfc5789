import pytest
from mmseg.registry import DATASETS

from mmseg_medical.datasets.layouts import recognise


@pytest.mark.parametrize(
    ('owner', 'parts'),
    [
        ('hubmap', {'train': 4}),
        ('kidney', {'train': 3}),
        ('uw_madison', {'train': 12}),
        ('siim', {'train': 6}),
        ('stas', {'train': 4}),
        ('nuclei', {'train': 4}),
    ],
)
def test_trees_of_owners(request, owner, parts):
    root = request.getfixturevalue(owner)()
    layout = recognise(root)[0]
    assert layout.name == {'kidney': 'hubmap_kidney'}.get(owner, owner)
    assert layout.named
    assert layout.root == str(root)
    for part, count in parts.items():
        config = dict(layout.parts[part], data_root=layout.root, pipeline=[])
        assert len(DATASETS.build(config)) == count
    assert layout.parts.keys() == parts.keys()


def test_a_test_of_hubmap_is_a_part(hubmap):
    root = hubmap(2)
    (root / 'test_images').mkdir()
    (root / 'train_images' / '102.tiff').rename(root / 'test_images/102.tiff')
    lines = (root / 'train.csv').read_text().splitlines()
    (root / 'test.csv').write_text('\n'.join([lines[0], lines[2]]))
    assert recognise(root)[0].parts.keys() == {'train', 'test'}


@pytest.mark.parametrize('header', ['ImageId, EncodedPixels', None])
def test_stages_of_siim(siim, header):
    root = siim()
    table = root / 'train-rle.csv'
    lines = table.read_text().splitlines()[1:]
    lines = [header, *lines] if header else lines
    (root / 'stage_2_train.csv').write_text('\n'.join(lines))
    (root / 'sample_submission.csv').write_text('ImageId,EncodedPixels\na,-1')
    found = recognise(root)
    assert [one.name for one in found] == ['siim_stage_2', 'siim']


def test_folders_of_nuclei_become_parts(nuclei):
    root = nuclei()
    (root / 'train').rename(root / 'stage1_train')
    (layout,) = recognise(root)
    assert layout.parts == {
        'train': dict(
            type='NucleiDataset', data_prefix=dict(img_path='stage1_train')
        )
    }
    assert '20 in stage1_train' in layout.because


def test_monuseg(tree):
    root = tree('Tissue Images/a.tif')
    (root / 'Annotations').mkdir()
    (root / 'Annotations' / 'a.xml').write_text('<Annotations/>')
    assert recognise(root)[0].name == 'monuseg'


def test_masks_without_images_beside_them_are_no_nuclei(tree):
    root = tree('a/b/images/x.png', masks=['c/d/masks/x.png'])
    names = {one.name for one in recognise(root)}
    assert 'nuclei' not in names
