import jinja2
import pytest

from mmseg_medical.visualization import write_report
from mmseg_medical.visualization.report import (
    CaseList,
    Section,
    Shown,
    Table,
)


def write(path, *sections, **options):
    options = {'title': 'Glands & more', 'summary': {}, **options}
    return write_report(path, sections=sections, **options).read_text()


def test_the_page_stands_alone(tmp_path):
    page = write(
        tmp_path / 'report.html',
        Section('Scores', ['A <note>.'], figure='<svg></svg>'),
        Section('Threshold', missing='Needs maps.'),
        summary={'images': '4'},
        foot='Made today.',
    )
    assert '<title>Glands &amp; more</title>' in page
    assert 'A &lt;note&gt;.' in page
    assert '<svg></svg>' in page
    assert '<p class="missing">Needs maps.</p>' in page
    assert '<b>4</b>images' in page
    assert "default-src 'none'" in page
    assert 'src="http' not in page
    assert '<script' not in page  # without a list of cases


def test_tables_name_their_rows_and_columns(tmp_path):
    table = Table(
        ['class', 'dice_per_image'],
        [['a<b', '0.5000 (0.4000 … 0.6000)'], ['c', '–']],
        shades=[[0.5], [0.0]],
        caption='All',
    )
    page = write(tmp_path / 'a.html', Section('Scores', tables=[table]))
    assert '<th scope="col">dice_<wbr>per_<wbr>image</th>' in page
    assert '<th scope="row" class="label">a&lt;b</th>' in page
    assert 'rgba(0, 114, 178, 0.300)' in page
    assert '<br><small>(0.4000 … 0.6000)</small>' in page
    assert '<caption>All</caption>' in page


def test_pictures_have_a_text(tmp_path):
    shown = [
        Shown('one', 'Dice 0.2', {'': 'data:a'}),
        Shown('two', 'Dice 0.3', {'first': 'data:b', 'second': ''}),
    ]
    page = write(tmp_path / 'a.html', Section('Worst', galleries={'a': shown}))
    assert page.count('<img') == 2
    assert 'alt="one: hits, false positives and misses"' in page
    assert 'misses of first"' in page
    assert 'no picture' in page
    assert 'rgb(213, 94, 0)' in page


def test_cases_are_data_and_no_markup(tmp_path):
    cases = CaseList(['case', 'Dice'], [['</script><b>', 0.5], ['b', None]], 1)
    page = write(tmp_path / 'a.html', cases=cases)
    assert page.count('</script>') == 2
    assert r'\u003c/script\u003e\u003cb\u003e' in page


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(jinja2.UndefinedError):
        write(tmp_path / 'a.html', None)
    assert not list(tmp_path.iterdir())
