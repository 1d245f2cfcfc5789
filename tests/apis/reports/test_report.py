import time

import cv2
import numpy as np
import pytest

from mmseg_medical.apis.reports import PageSettings, make_report, pictures
from mmseg_medical.errors import InputError


def test_a_page_has_the_numbers_of_the_test(mapped, tmp_path):
    folder, maps = mapped()
    page = make_report(
        [folder], tmp_path / 'r.html', PageSettings(maps=[str(maps)])
    ).read_text()
    for text in (
        'HuBMAPDataset in ',
        'functional tissue unit: worst',
        'ECE 0.',
        'mean Dice per image',
        '"header": ["case", "Dice", "organ"',
    ):
        assert text in page
    assert page.count('class="missing"') == 2  # training, post-processing
    assert page.count('src="data:image/jpeg') == 4
    assert not (tmp_path / 'r_files').exists()


def test_runs_stand_side_by_side(write_run, tmp_path):
    better = [[10, 0, 0, 90]] * 4
    folders = [write_run('one'), write_run('two', better)]
    page = make_report(folders, tmp_path / 'r.html').read_text()
    assert '<caption>two against one</caption>' in page
    assert '+0.3000<br><small>' in page
    assert '"Dice, one", "Dice, two"' in page


def test_a_run_that_is_not_tested_has_its_curves(write_run, tmp_path):
    folder = write_run(log=[dict(step=1, loss=0.5), dict(step=2, loss=0.4)])
    (folder / 'per_image.csv').unlink()
    page = make_report([folder], tmp_path / 'r.html').read_text()
    assert 'Not tested yet: run. Test with  tools/test.py' in page
    assert '<svg' in page
    assert 'id="cases"' not in page


def test_what_does_not_fit_leaves_nothing(write_run, tmp_path):
    folder = write_run()
    out = tmp_path / 'pages' / 'r.html'
    for settings, said in (
        (PageSettings(maps=['a', 'b']), '--maps names 2 folders for 1 runs'),
        (PageSettings(overlays=[str(folder)]), 'has a picture .* of none'),
        (PageSettings(patients='ward'), "no column 'ward'"),
    ):
        with pytest.raises(InputError, match=said):
            make_report([folder], out, settings)
    with pytest.raises(FileNotFoundError, match=r'none\.json does not exist'):
        make_report([folder], out, PageSettings(postprocess='none.json'))
    assert not out.parent.exists()


@pytest.fixture
def many(write_run, monkeypatch):
    """A run of 120 images, with pictures beside its page."""
    monkeypatch.setattr(pictures, 'INLINE', 100)
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 99, (120, 4))
    ids = [f'case_{k:03}' for k in range(120)]
    organs = [('lung', 'kidney')[k % 2] for k in range(120)]
    folder = write_run('many', counts, ids=ids, organ=organs)
    (folder / 'overlays').mkdir()
    for name in ids:
        img = np.full((60, 80, 3), 90, np.uint8)
        cv2.imwrite(str(folder / 'overlays' / f'{name}.jpg'), img)
    page = make_report(
        [folder],
        folder / 'report.html',
        PageSettings(overlays=[str(folder / 'overlays')]),
    )
    dice = 2 * counts[:, 0] / (2 * counts[:, 0] + counts[:, 1] + counts[:, 2])
    return page, [ids[k] for k in np.argsort(dice, kind='stable')]


def test_a_browser_shows_sorts_filters_and_turns_over(browser, many, tmp_path):
    page, order = many
    browser.open(page)
    first = "document.querySelector('#cases tbody th').textContent"
    where = "document.getElementById('where').textContent"
    rows = "document.querySelectorAll('#cases tbody tr').length"

    def click(name):
        browser.run(f'document.{name}.click()')

    assert browser.run(first) == order[0]
    assert browser.run(where) == '1 … 50 of 120'
    assert browser.run(rows) == 50
    click("getElementById('next')")
    assert browser.run(first) == order[50]
    click("getElementById('next')")
    assert browser.run(rows) == 20
    assert browser.run("document.getElementById('next').disabled")
    click("querySelectorAll('#cases th button')[1]")
    assert browser.run(first) == order[-1]
    sorts = "[...document.querySelectorAll('#cases thead th')].map("
    sorts = browser.run(f"{sorts}h => h.ariaSort).join(' ')")
    assert sorts.split().count('descending') == 1
    browser.run(
        "const box = document.getElementById('filter'); box.value = 'LUNG'; "
        "box.dispatchEvent(new Event('input'))"
    )
    assert browser.run(where) == '1 … 50 of 60'
    seen = "document.querySelector('#cases img')"
    browser.run(f'{seen}.scrollIntoView()')
    for _ in range(100):
        if browser.run(f'{seen}.naturalWidth'):
            break
        time.sleep(0.05)
    assert browser.run(f'{seen}.naturalWidth') == 80
    assert browser.complaints == []
    outside = [r for r in browser.requests if r[:5] not in ('file:', 'data:')]
    assert outside == []
    asked = [r for r in browser.requests if '_files/' in r]
    assert 0 < len(asked) < 120  # lazily
    browser.shoot(tmp_path / 'page.png')
    shot = cv2.imread(str(tmp_path / 'page.png'))
    assert shot.shape[0] > 1600
    assert shot.mean() > 200
    browser.open(page, dark=True)
    browser.shoot(tmp_path / 'dark.png')
    assert cv2.imread(str(tmp_path / 'dark.png')).mean() < 60
