import gzip
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from mmseg_medical.converters.recognise import recognise, recognise_target
from mmseg_medical.errors import InputError

LABELS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)


def write(root, name, content=''):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith('.gz') and content:
        path.write_bytes(gzip.compress(content.encode()))
    elif isinstance(content, str):
        path.write_text(content, encoding='utf-8')
    elif path.name.endswith('.ome.tif'):
        tifffile.imwrite(path, content)
    else:
        cv2.imwrite(str(path), content)
    return path


COCO = json.dumps(dict(annotations=[{}] * 9000, images=[], categories=[]))
HEX = '0123456789abcdef' * 4


@pytest.mark.parametrize(
    ('files', 'path', 'name'),
    [
        ({'a.csv': 'id,class,predicted\n'}, 'a.csv', 'uw_madison'),
        ({'a.csv': '\ufeffid,organ,rle\n1,x,\n'}, 'a.csv', 'hubmap'),
        ({'a.csv': 'id,encoding\n'}, 'a.csv', 'hubmap'),
        ({'a.csv': f'ImageId,EncodedPixels\n{HEX},1 1'}, 'a.csv', 'dsb2018'),
        ({'a.csv': 'ImageId, EncodedPixels\n1.2.3, -1'}, 'a.csv', 'siim'),
        ({'a.csv': '\ufeff1.2.3,-1\n'}, 'a.csv', 'siim'),
        ({'a.json': COCO}, 'a.json', 'coco'),
        ({'a.json': '{"shapes": []}'}, 'a.json', 'labelme'),
        (
            {'a.json': '{"x":1,"type": "FeatureCollection"}'},
            'a.json',
            'geojson',
        ),
        ({'a.geojson': '[]'}, 'a.geojson', 'geojson'),
        ({'a.json': '[{"type":"Feature"}]'}, 'a.json', 'geojson'),
        ({'a.ndjson': '{"type": "Feature"}\n'}, 'a.ndjson', 'geojson'),
        ({'a.geojson.gz': '[]'}, 'a.geojson.gz', 'geojson'),
        ({'a.json.gz': '{"type": "Feature"}'}, 'a.json.gz', 'geojson'),
        ({'a.json': '[[[1, 2], [3, 4]]]'}, 'a.json', 'hubmap_json'),
        ({'a.xml': '<?xml?><annotations>'}, 'a.xml', 'cvat'),
        ({'a.xml': '<Annotations MicronsPerPixel="1">'}, 'a.xml', 'aperio'),
        ({'m/a.nii.gz': ''}, 'm', 'nifti'),
        ({'m/x/a.nii': ''}, 'm', 'nifti_masks'),
        ({'m/a.ome.tif': LABELS}, 'm', 'ome_tiff'),
        ({'m/a.dcm': 'x' * 128 + 'DICM'}, 'm', 'dicom_seg'),
        ({'m/maps.json': '', 'm/a.tiff': ''}, 'm', 'predictions'),
        ({'m/ann_dir/train/a.png': LABELS}, 'm', 'mmseg'),
        ({'m/x/masks/a.png': LABELS}, 'm', 'object_masks'),
        ({'m/a.png': LABELS, 'm/.x': ''}, 'm', 'index_maps'),
        ({'m/x/a.png': LABELS, 'm/classes.json': ''}, 'm', 'index_maps'),
        ({'m/x/lung.png': LABELS}, 'm', 'class_masks'),
        ({'m/x/a.json': '{"shapes": []}'}, 'm', 'labelme'),
        ({'m/a.png': LABELS, 'm/b.json': '{"shapes": []}'}, 'm', 'labelme'),
        ({'m/a.jpg': LABELS, 'm/b.xml': '<Annotations>'}, 'm', 'aperio'),
        ({'m/a.png': LABELS, 'm/b.json': '{"made": "by"}'}, 'm', 'index_maps'),
        ({'m/a.png': LABELS, 'm/b.json': COCO}, 'm', 'index_maps'),
    ],
)
def test_formats_are_recognised(tmp_path, files, path, name):
    for file, content in files.items():
        write(tmp_path, file, content)
    assert recognise(tmp_path / path).name == name


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('a.csv', ''),
        ('a.csv', 'ImageId,EncodedPixels\nx,1 1\n'),
        ('a.csv', 'a,b,c\n'),
        ('a.json', '{"images": [], "annotations": []}'),
        ('a.xml', '<html>'),
        ('a.txt', ''),
    ],
)
def test_what_is_not_recognised_has_to_be_told(tmp_path, name, content):
    path = write(tmp_path, name, content)
    with pytest.raises(InputError, match=r'say which: --from-format hubmap'):
        recognise(path)


def test_paths_that_are_missing_or_empty(tmp_path):
    with pytest.raises(FileNotFoundError, match='none does not exist'):
        recognise(tmp_path / 'none')
    with pytest.raises(InputError, match='no format that can be recognised'):
        recognise(tmp_path)
    with pytest.raises(InputError, match='is no JSON'):
        recognise(write(tmp_path, 'a.json', '{'))


def test_files_that_were_not_unpacked(tmp_path):
    path = write(tmp_path, 'a.json', 'PK\3\4')
    with pytest.raises(InputError, match=r'a\.json is a zip file: unpack it'):
        recognise(path)
    (tmp_path / 'a.json.gz').write_text('{}')
    with pytest.raises(InputError, match=r'json\.gz is no gzip file .*short'):
        recognise(tmp_path / 'a.json.gz')


def test_targets_are_recognised_by_their_names():
    assert recognise_target('a/b.geojson').name == 'geojson'
    assert recognise_target('a.GeoJSON.gz').name == 'geojson'
    assert recognise_target('a.xml').name == 'cvat'
    assert recognise_target('b.dcm').name == 'dicom_seg'
    with pytest.raises(InputError, match=r'say which: --to-format hubmap'):
        recognise_target(Path('a.json'))


@pytest.mark.parametrize(
    ('folder', 'name'),
    [
        ('nuclei_dsb2018_stained/train', 'object_masks'),
        ('nuclei_dsb2018_stained/instances_val.json', 'coco'),
        ('cxr_lungs/masks_per_class', 'class_masks'),
        ('cxr_lungs/masks_lung', 'index_maps'),
        ('abdomen16_uwm_layout/train.csv', 'uw_madison'),
        ('real_rle/uw_madison/train_excerpt.csv', 'uw_madison'),
        ('real_rle/siim/train-rle_excerpt.csv', 'siim'),
        ('real_rle/hubmap/metadata_10078.csv', 'hubmap'),
        ('cxr_siim_sample/train-rle.csv', 'siim'),
        ('hubmap_layout_tissue/train.csv', 'hubmap'),
        ('hubmap_layout_tissue/train_annotations', 'hubmap_json'),
        ('pathology_he_labelme/annotations', 'labelme'),
        ('labelme_real_json/json', 'labelme'),
        ('dicom_misc/liver_1frame.dcm', 'dicom_seg'),
    ],
)
def test_real_files_are_recognised(real_data, folder, name):
    root, _, rest = folder.partition('/')
    assert recognise(real_data(root) / rest).name == name
