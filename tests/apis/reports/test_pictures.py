import cv2
import numpy as np
import pytest

from mmseg_medical.apis.reports import pictures
from mmseg_medical.apis.reports.maps import open_maps
from mmseg_medical.apis.reports.pictures import (
    FirstOf,
    MapOverlays,
    OverlayFolder,
    thumbnails,
)
from mmseg_medical.apis.reports.run import open_runs
from mmseg_medical.errors import InputError
from mmseg_medical.visualization.overlay import FALSE_POSITIVE, HIT, MISS


@pytest.fixture
def overlays(tmp_path):
    folder = tmp_path / 'overlays'
    folder.mkdir()
    for k, name in enumerate('abc'):
        img = np.full((400, 200, 3), 50 * k, np.uint8)
        cv2.imwrite(str(folder / f'{name}.jpg'), img)
    return folder


def test_overlays_of_a_test_are_reduced(overlays):
    source = OverlayFolder(str(overlays), ['a', 'b', 'z'])
    assert source.missing == 1
    assert source.draw('a', None).shape == (320, 160, 3)
    assert source.draw('z', 0) is None
    (overlays / 'b.jpg').write_bytes(b'\xff\xd8')
    with pytest.raises(InputError, match=r'b\.jpg is no whole JPEG'):
        source.draw('b', None)
    with pytest.raises(InputError, match='of none of the 2 tested images'):
        OverlayFolder(str(overlays), ['x', 'y'])


def test_overlays_of_maps_have_the_colours_of_right_and_wrong(mapped):
    folder, maps = mapped()
    (run,) = open_runs([folder])
    source = MapOverlays(open_maps(run, str(maps)))
    lung = run.cases.meta['organ'].index('lung')
    name = run.cases.ids[lung]
    img = source.draw(name, 0)
    assert img.shape == (64, 80, 3)
    np.testing.assert_array_equal(img, source.draw(name, None))
    one = source.data.read(name)
    plain = source.loader.shown(dict(one.meta))[0]
    pred, gt = one.probs[0] > 127, one.gt[0] == 1
    inside = cv2.erode(gt.astype(np.uint8), np.ones((5, 5))) > 0
    for rgb, where in (
        (HIT, pred & inside),
        (FALSE_POSITIVE, pred & ~gt),
        (MISS, ~pred & inside),
    ):
        tinted = 0.55 * plain[where] + 0.45 * np.array(rgb[::-1])
        assert abs(img[where] - tinted).max(initial=0) <= 0.5
    assert (pred & inside).any()
    assert (pred & ~gt).any()


def test_the_first_source_that_has_a_picture_gives_it(mapped, overlays):
    folder, maps = mapped()
    (run,) = open_runs([folder])
    of_maps = MapOverlays(open_maps(run, str(maps)))
    assert of_maps.draw('a', None) is None
    of_test = OverlayFolder(str(overlays), ['a'])
    both = FirstOf([of_maps, of_test])
    assert both.draw('a', None).shape == (320, 160, 3)
    assert both.draw(run.cases.ids[0], None).shape == (64, 80, 3)
    assert both.draw('none', None) is None


def test_few_thumbnails_are_in_the_page_and_many_beside_it(
    overlays, tmp_path, monkeypatch
):
    source = OverlayFolder(str(overlays), [*'abc'])
    page = tmp_path / 'page.html'
    with thumbnails(source, [*'abcz'], [2, 0, 3], page) as found:
        pass
    assert [one[:10] for one in found] == ['data:image', '', 'data:image', '']
    monkeypatch.setattr(pictures, 'INLINE', 3)
    for _ in range(2):  # the second takes the place of the first
        with thumbnails(source, [*'abcz'], [2, 0, 3], page) as found:
            pass
        assert found == [
            'page_files/00002.jpg',
            '',
            'page_files/00001.jpg',
            '',
        ]
        names = sorted(p.name for p in (tmp_path / 'page_files').iterdir())
        assert names == ['00001.jpg', '00002.jpg']
    thumb = cv2.imread(str(tmp_path / 'page_files' / '00001.jpg'))
    assert thumb.shape == (112, 56, 3)
    with pytest.raises(RuntimeError):
        with thumbnails(source, [*'abcz'], [1], page):
            raise RuntimeError
    assert len(list((tmp_path / 'page_files').iterdir())) == 2
    (tmp_path / 'page_files' / 'mine.txt').touch()
    with pytest.raises(InputError, match=r'holds mine\.txt'):
        with thumbnails(source, [*'abcz'], [1], page):
            pass
    assert {p.name for p in tmp_path.iterdir()} == {'overlays', 'page_files'}
