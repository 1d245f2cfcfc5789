import base64

import jinja2
import pytest

from mmseg_medical.visualization._page import embed_jpeg, figure_svg, render


def test_figures_are_svg_with_text():
    def draw(figure, data):
        figure.subplots().plot(data)
        figure.axes[0].set_xlabel('pixels & more')

    svg = figure_svg(draw, [1, 2, 3])
    assert svg.startswith('<svg')
    assert '>pixels &amp; more</text>' in svg
    assert '<metadata>' not in svg  # of another day
    assert figure_svg(draw, []) == ''


def test_pages_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / 'new' / 'page.html'
    values = dict(title='<b>', note='', pictures=[], legend={})
    assert render('gallery.html.j2', path, **values) == path
    assert '<title>&lt;b&gt;</title>' in path.read_text()
    before = path.read_text()
    with pytest.raises(jinja2.UndefinedError):
        render('gallery.html.j2', path, title='other')
    assert path.read_text() == before
    assert [p.name for p in path.parent.iterdir()] == ['page.html']


def test_pictures_are_in_their_address():
    head, data = embed_jpeg(b'\xff\xd8').split(',')
    assert head == 'data:image/jpeg;base64'
    assert base64.b64decode(data) == b'\xff\xd8'
