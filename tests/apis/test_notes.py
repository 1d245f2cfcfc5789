import pytest
from mmengine.config import Config

from mmseg_medical.apis.notes import (
    digests,
    read_note,
    shared_note,
    write_note,
)
from mmseg_medical.errors import InputError

KEYS = ('model', 'train_dataloader', 'load_from')


def config(**changes):
    return Config(
        dict(
            model=dict(type='A', test_cfg=dict(stride=(1, 2))),
            train_dataloader=dict(
                num_workers=2, dataset=dict(data_root='a', fold=0)
            ),
            load_from=None,
        )
        | changes
    )


def test_only_what_changes_results_counts():
    one = digests(config(), KEYS)
    moved = dict(num_workers=8, dataset=dict(data_root='b', fold=0))
    assert digests(config(train_dataloader=moved), KEYS) == one
    moved['dataset']['fold'] = 1
    other = digests(config(train_dataloader=moved), KEYS)
    assert {k for k in KEYS if one[k] != other[k]} == {'train_dataloader'}
    strided = config(model=dict(type='A', test_cfg=dict(stride=(1, 3))))
    assert digests(strided, KEYS)['model'] != one['model']
    aside = [
        digests(cfg, KEYS, aside=['test_cfg']) for cfg in (config(), strided)
    ]
    assert aside[0] == aside[1]


def test_a_note_is_read_as_written(tmp_path):
    path = tmp_path / 'new' / 'trained.json'
    assert read_note(path) is None
    assert shared_note(path) is None
    write_note(path, dict(scores={'dice': 0.5}))
    assert read_note(path) == shared_note(path) == {'scores': {'dice': 0.5}}


@pytest.mark.parametrize('text', ['', '{"a":', '[1]', 'null'])
def test_a_broken_note_names_the_way_out(tmp_path, text):
    path = tmp_path / 'trained.json'
    path.write_text(text)
    with pytest.raises(InputError, match=r'trained\.json cannot be .*remove'):
        read_note(path)
