import numpy as np
import pytest

from mmseg_medical.converters.table import read_table, write_table


def test_a_clean_folder_passes(tool, hubmap, capsys, tmp_path):
    root = hubmap(4)
    main = tool('check_dataset').main
    assert main([str(root), '--report', str(tmp_path / 'page')]) == 0
    out, progress = capsys.readouterr()
    assert 'HuBMAP + HPA 2022' in out
    assert '0 errors, 0 warnings, 1 note' in out
    assert 'config to start from:' in out
    assert f'open {tmp_path}/page/index.html in a browser' in out
    assert '4/4' in progress  # on stderr, apart from the table
    assert (tmp_path / 'page' / 'index.html').is_file()
    assert main([str(root), '--strict']) == 0


def test_what_is_wrong_is_the_status(tool, hubmap, tiny_config, capsys):
    root = hubmap(4)
    path = root / 'train_images' / '102.tiff'
    path.write_bytes(path.read_bytes()[:300])
    main = tool('check_dataset').main
    assert main([str(root)]) == 1
    config = tiny_config(root)
    assert main([config]) == 1
    out = capsys.readouterr().out
    assert '102' in out
    assert 'config to start from' in out.split('images: 4')[1]


def test_warnings_count_if_asked(tool, hubmap, capsys):
    root = hubmap(4)
    rows = read_table(root / 'train.csv', ['id'])
    for name in ('101', '103'):
        data = np.frombuffer(
            (root / 'train_images' / '102.tiff').read_bytes(), np.uint8
        )
        data.tofile(root / 'train_images' / f'{name}.tiff')
    write_table(root / 'train.csv', rows[0], [r.values() for r in rows])
    main = tool('check_dataset').main
    assert main([str(root)]) == 0
    assert main([str(root), '--strict']) == 1
    assert '101 = 102 = 103' in capsys.readouterr().out


def test_options_of_a_config(tool, hubmap, tiny_config, capsys):
    config = tiny_config(hubmap(4))
    main = tool('check_dataset').main
    options = ['train_dataloader.dataset.data_root=none']
    assert main([config, '--cfg-options', *options]) == 1
    assert "data_root 'none' is no folder" in capsys.readouterr().out
    assert main([config, '--fold', '1', '--workers', '0']) == 0
    with pytest.raises(FileNotFoundError, match='config none does not exist'):
        main(['none'])
