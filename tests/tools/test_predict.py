import cv2
import pytest

from mmseg_medical.apis.command_line import run_tool


def test_images_become_files(tool, trained, tmp_path, capsys):
    images, out = trained.root / 'train_images', tmp_path / 'out'
    command = [
        *(str(images / '101.tiff'), str(trained.checkpoint.parent)),
        *('--more', str(images / '102.tiff'), '--out', str(out)),
        *('--write', 'masks,overlay,rle', '--mask-thr', '0.4'),
        *('--device', 'cpu', '--num-workers', '0', '--tta'),
        *('--meta', 'organ=lung'),
    ]
    tool('predict').main(command)
    text = capsys.readouterr().out
    assert f'{out}: 2 images predicted, 0 were there already' in text
    for name in ('101', '102'):
        assert cv2.imread(str(out / 'masks' / f'{name}.png')).any(2).shape == (
            *(64, 80),
        )
        assert (out / 'overlay' / f'{name}.png').is_file()
    assert len((out / 'rle.csv').read_text().splitlines()) == 3
    tool('predict').main(command)
    assert '0 images predicted, 2 were there' in capsys.readouterr().out


def test_a_bad_file_is_status_one(tool, trained, tmp_path, capsys):
    folder = tmp_path / 'images'
    folder.mkdir()
    good = trained.root / 'train_images' / '101.tiff'
    (folder / 'good.tiff').write_bytes(good.read_bytes())
    (folder / 'bad.png').write_bytes(b'<html>')
    (folder / 'notes.txt').write_text('x')
    command = [
        *(str(folder), trained.config, str(trained.checkpoint)),
        *('--out', str(tmp_path / 'out'), '--device', 'cpu'),
        *('--num-workers', '0'),
    ]
    with pytest.raises(SystemExit) as caught:
        run_tool(lambda _: tool('predict').main(command))
    text = str(caught.value.code)
    assert text.startswith('error: 1 images not predicted:\n')
    assert 'bad.png' in text
    printed = capsys.readouterr().out
    assert '1 files are no images' in printed
    assert '1 images predicted' in printed
    assert (tmp_path / 'out' / 'masks' / 'good.png').is_file()
