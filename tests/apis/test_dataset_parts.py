import json

import pytest

from mmseg_medical.apis.dataset_parts import build_parts, config_parts
from mmseg_medical.datasets.checks import Severity
from mmseg_medical.errors import InputError


def test_parts_of_a_config(pairs, pair_config):
    path = pair_config(pairs())
    configs = config_parts(path)
    assert list(configs) == ['train', 'val']  # the test is the validation
    parts, findings = build_parts(configs)
    assert not findings
    assert {p.name: len(p.dataset) for p in parts} == {'train': 2, 'val': 2}
    names = [s['img_id'] for part in parts for s in part.samples()]
    assert sorted(names) == ['0', '1', '2', '3']


def test_options_and_folds_of_a_config(pairs, pair_config):
    path = pair_config(pairs())
    one = config_parts(path, options={'train_dataloader.dataset.fold': 1})
    assert one['train'].fold == 1
    other = config_parts(path, fold=1)
    assert (other['train'].fold, other['val'].fold) == (1, 1)
    with pytest.raises(FileNotFoundError, match=r'config none\.py'):
        config_parts('none.py')


def test_wrappers_are_opened(pairs):
    data = dict(
        type='FolderDataset',
        data_root=str(pairs()),
        metainfo=dict(classes=('background', 'disc')),
        pipeline=[],
    )
    wrapped = dict(
        type='ConcatDataset',
        datasets=[data, dict(type='RepeatDataset', dataset=data, times=3)],
    )
    parts, findings = build_parts({'train': wrapped})
    assert [len(part.dataset) for part in parts] == [4, 4]
    assert {part.name for part in parts} == {''}
    assert not findings


def test_what_is_missing_is_a_finding(pairs, pair_config):
    root = pairs()
    (root / 'masks' / '3.png').unlink()
    (root / 'masks' / '9.png').write_bytes(b'')
    parts, findings = build_parts(config_parts(pair_config(root)))
    assert len(parts) == 2
    texts = {(f.severity, f.kind, f.problem, f.names) for f in findings}
    assert texts == {
        (Severity.ERROR, 'left_out', f'{what}: 1', (f'{part}/{name}',))
        for part in ('train', 'val')
        for what, name in (
            ('images without a mask', '3'),
            ('masks without an image', '9.png'),
        )
    }


def test_a_data_set_that_cannot_be_read_is_a_finding(pairs, pair_config):
    root = pairs()
    path = pair_config(root, data_prefix=dict(img_path='none'))
    parts, findings = build_parts(config_parts(path))
    assert not parts
    assert [f.kind for f in findings] == ['dataset', 'dataset']
    assert findings[0].problem == 'the data set train cannot be read'
    assert 'none is no folder' in findings[0].cure
    for name in ('masks/0.png', 'masks/1.png', 'masks/2.png', 'masks/3.png'):
        (root / name).unlink()
    parts, findings = build_parts({'': config_parts(pair_config(root))['val']})
    assert not sum(len(part.dataset) for part in parts)
    assert [f.kind for f in findings] == ['left_out']


def test_files_that_are_no_config(tmp_path):
    path = tmp_path / 'train.zip'
    path.write_bytes(b'PK')
    with pytest.raises(InputError, match=r'train\.zip .* unpack an archive'):
        config_parts(str(path))
    path = tmp_path / 'instances.json'
    path.write_text('{"images": []}')
    with pytest.raises(InputError, match=r'instances\.json has no data set'):
        config_parts(str(path))


def test_messages_of_what_was_left_out_are_details(pairs, tmp_path):
    root = pairs()
    image = dict(id=1, file_name='none.png', height=40, width=60)
    (root / 'coco.json').write_text(
        json.dumps(dict(images=[image], annotations=[], categories=[]))
    )
    config = dict(
        type='AnnotationDataset',
        data_root=str(root),
        ann_file='coco.json',
        annotation_format='coco',
        metainfo=dict(classes=('background', 'disc')),
        data_prefix=dict(img_path='images'),
    )
    _, (found,) = build_parts({'': config})
    assert not found.names
    assert "for 'none' no image of that name" in found.details[0]
