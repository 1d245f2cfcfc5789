import numpy as np
import pytest

from mmseg_medical.converters.probability_maps import ProbabilityMaps


@pytest.fixture
def folders(tmp_path):
    """Maps of three models, one image each."""
    for k, value in enumerate((0.2, 0.6, 0.8)):
        maps = ProbabilityMaps(
            tmp_path / str(k),
            ids=['a'],
            task='binary',
            classes=['bg', 'fg'],
            postprocess=dict(mask_thr=0.5),
            origin=dict(model=k),
        )
        maps.start()
        maps.write('a', np.full((1, 4, 5), value))
    return [str(tmp_path / str(k)) for k in range(3)]


def test_from_the_command_line(tool, folders, tmp_path, capsys):
    out = str(tmp_path / 'out')
    maps = tool('ensemble').main(
        [*folders, '--out', out, '--weights', '2', '1', '1']
    )
    assert maps.read('a')[0, 0, 0] == round(0.45 * 255)
    said = capsys.readouterr()
    assert said.out.splitlines()[:2] == ['member  weight', '0          0.5']
    assert f'{out}: mean of 1 maps' in said.out
    assert '1/1 images in' in said.err
