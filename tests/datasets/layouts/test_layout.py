import pytest

from mmseg_medical.datasets.layouts import LayoutError, recognise

REAL = {
    'abdomen16_uwm_layout': ['uw_madison'],
    'cxr_lungs': ['class_folders', 'mask_folders'],
    'cxr_siim_sample': ['siim', 'mask_folders'],
    'dicom_misc': ['images'],
    'hubmap_layout_tissue': ['hubmap', 'hubmap_json'],
    'labelme_real_json': ['labelme'],
    'nuclei_dsb2018_stained': ['nuclei', 'coco'],
    'pathology_he_labelme': ['labelme', 'mask_folders', 'mask_folders:2'],
    'real_rle': ['images'],
    'wsi_cmu1': ['images'],
}


@pytest.mark.parametrize('folder', REAL)
def test_real_folders(real_data, folder):
    found = recognise(real_data(folder))
    assert [one.name for one in found] == REAL[folder]


def test_a_folder_around_a_folder(hubmap, tmp_path):
    hubmap(2)
    found = recognise(tmp_path)
    assert [one.name for one in found] == ['hubmap', 'hubmap_json']
    assert found[0].root == str(tmp_path / 'hubmap')


def test_layouts_of_one_name_are_numbered(tree):
    masks = ['masks/a.png', 'masks_2/a.png']
    found = recognise(tree('images/a.png', masks=masks))
    assert [one.name for one in found] == ['mask_folders', 'mask_folders:2']


def test_folders_that_hold_no_data_set(tmp_path):
    with pytest.raises(LayoutError, match=r'no image.*\(nothing\); name'):
        recognise(tmp_path)
    (tmp_path / 'train.zip').write_bytes(b'PK')
    (tmp_path / 'train.csv').write_text('id\n')
    with pytest.raises(LayoutError, match=r'unpack train\.zip first'):
        recognise(tmp_path)
