import json

import cv2
import numpy as np
import pytest

from mmseg_medical.visualization import write_report
from mmseg_medical.visualization.report import _read_scalars


@pytest.fixture
def tested(tmp_path):
    (tmp_path / 'per_image.csv').write_text(
        'id,dice,iou,mask_area,predicted_area,organ\n'
        'good,0.990000,0.980200,100,100,lung\n'
        'bad<b>,0.250000,0.142857,100,20,kidney\n'
        'middling,0.700000,0.538462,100,80,lung\n'
    )
    for name in ('good', 'bad<b>', 'middling'):
        cv2.imwrite(str(tmp_path / f'{name}.jpg'), np.zeros((8, 8, 3)))
    with open(tmp_path / 'scalars.json', 'w') as file:
        for step in range(1, 6):
            entry = dict(step=step, loss=1 / step, lr=0.1)
            file.write(json.dumps(entry) + '\n')
        file.write(json.dumps(dict(step=5, dice_per_image=0.6)) + '\n')
    return tmp_path


def test_the_page_stands_alone_and_shows_the_worst_first(tested):
    path = write_report(
        tested / 'report.html',
        title='Glands & more',
        per_image=tested / 'per_image.csv',
        overlay_dir=tested,
        scalars=[tested / 'scalars.json'],
        note='A note.',
    )
    page = path.read_text()
    assert '<title>Glands &amp; more</title>' in page
    assert 'A note.' in page
    assert '0.6467' in page  # mean
    order = [page.index(f'{n}: Dice') for n in ('bad&lt;b&gt;', 'middling')]
    assert order == sorted(order)
    assert page.count('data:image/jpeg;base64,') == 3
    assert page.count('<svg') == 2
    for outside in ('href=', 'src="http', '<script'):
        assert outside not in page.replace('xlink:href=', '')


def test_pictures_and_curves_are_optional_and_limited(tested):
    page = write_report(
        tested / 'a.html', title='a', per_image=tested / 'per_image.csv'
    ).read_text()
    assert '<img' not in page
    assert page.count('<svg') == 1
    page = write_report(
        tested / 'b.html',
        title='b',
        per_image=tested / 'per_image.csv',
        overlay_dir=tested,
        limit=1,
    ).read_text()
    assert page.count('<img') == 1


def test_what_is_missing_is_named(tested):
    with pytest.raises(FileNotFoundError, match=r'none\.csv'):
        write_report(tested / 'c.html', title='', per_image='none.csv')
    (tested / 'empty.csv').write_text('id,dice\n')
    with pytest.raises(ValueError, match='no rows; nothing was tested'):
        write_report(
            tested / 'c.html', title='', per_image=tested / 'empty.csv'
        )
    assert not (tested / 'c.html').exists()


def test_a_resumed_run_goes_on_where_it_was_killed(tmp_path):
    logs = [tmp_path / name for name in ('first', 'second')]
    lines = [json.dumps(dict(step=k, loss=1.0)) for k in (1, 2, 3, 4)]
    logs[0].write_text('\n'.join([*lines, '{"step": 5, "lo']))
    lines = [json.dumps(dict(step=k, loss=2.0)) for k in (3, 4, 5)]
    lines.append(json.dumps(dict(step=0, dice_per_image=0.5)))  # of a test
    logs[1].write_text('\n'.join(lines))
    assert _read_scalars(logs) == {
        'loss': [(1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0), (5, 2.0)]
    }
    assert _read_scalars([]) == {}


def test_images_without_a_dice_are_left_out(tested):
    table = tested / 'per_image.csv'
    table.write_text('id,dice/a,dice/b\none,nan,0.5\ntwo,nan,nan\n')
    path = write_report(tested / 'r.html', title='Glands', per_image=table)
    assert '0.5000' in path.read_text()
    assert 'two' not in path.read_text()
    table.write_text('id,dice\none,nan\n')
    with pytest.raises(ValueError, match='no Dice in any row'):
        write_report(tested / 'r.html', title='Glands', per_image=table)
