from mmseg_medical.apis.dataset_facts import about, check_unused, palette
from mmseg_medical.apis.dataset_parts import (
    build_parts,
    config_parts,
    folder_parts,
)
from mmseg_medical.datasets.layouts import recognise


def test_facts_of_a_config(pairs, pair_config):
    path = pair_config(pairs(), reduce_zero_label=False)
    parts, _ = build_parts(config_parts(path))
    facts = about(parts)
    assert facts.classes == ('background', 'disc')
    assert not facts.overlapping
    assert facts.ignore_index == 255
    assert not facts.maps_intensity
    text = (
        open(path)
        .read()
        .replace(
            "dict(type='Pack",
            "dict(type='MapIntensity', method='max'), dict(type='Pack",
        )
    )
    open(path, 'w').write(text)
    assert about(build_parts(config_parts(path))[0]).maps_intensity
    assert about([]).classes == ()


def test_colours_of_a_config(pairs, pair_config):
    own = dict(classes=('a', 'b'), palette=[[0, 0, 0], [1, 2, 3]])
    path = pair_config(pairs(1))
    text = open(path).read()
    text += f"train_dataloader['dataset']['metainfo'] = {own!r}\n"
    open(path, 'w').write(text.replace('fold=0', 'fold=None'))
    parts, _ = build_parts(config_parts(path))
    (train, val) = parts
    assert palette(train.dataset, train.config) == [[0, 0, 0], [1, 2, 3]]
    assert palette(val.dataset, val.config) == []
    assert val.dataset.metainfo['palette']  # made up by chance


def test_facts_of_a_folder(hubmap):
    root = hubmap(2)
    (root / 'extra').mkdir()
    (root / 'extra' / 'a.png').write_bytes(b'')
    (root / 'notes.csv').write_text('id\n')
    layout = recognise(root)[0]
    parts, _ = build_parts(folder_parts(layout))
    facts = about(parts, layout)
    assert facts.classes[1] == 'functional tissue unit'
    assert facts.stratum == 'organ'
    assert facts.takes == {'wrong_sizes'}
    assert palette(parts[0].dataset, {})[1] == [0, 158, 115]
    (found,) = check_unused(str(root), layout, parts)
    assert found.problem == (
        'not read as part of the data set: extra/ (1 file), notes.csv, '
        'train_annotations/ (2 files)'
    )


def test_classes_that_stand_for_others_are_not_told(pairs):
    (layout,) = recognise(pairs())
    parts, _ = build_parts(folder_parts(layout))
    assert about(parts, layout).classes == ()
    assert not list(check_unused(layout.root, layout, parts))
