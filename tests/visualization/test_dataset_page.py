import re

import numpy as np

from mmseg_medical.datasets.checks import (
    About,
    Finding,
    Observation,
    Severity,
)
from mmseg_medical.datasets.checks.facts import image_facts, mask_facts
from mmseg_medical.visualization.dataset_page import (
    summary,
    write_dataset_page,
)

ABOUT = About(classes=('bowel', 'stomach<>', 'liver'), overlapping=True)


def observations():
    planes = np.zeros((20, 30, 3), np.uint8)
    planes[3:9, 4:8, 0] = planes[6:12, 4:8, 1] = 1
    for k, part in enumerate(('train', 'train', 'val')):
        img = np.full((20, 30 + k), 7 * k, np.uint16)
        facts = mask_facts([planes])
        yield Observation(str(k), part, '', image_facts([img]), facts)


def page(tmp_path, **changes):
    values = dict(
        title='A title',
        note='A note.',
        observations=list(observations()),
        findings=[],
        about=ABOUT,
        config='',
        palette=[],
        galleries={},
    )
    path = write_dataset_page(tmp_path / 'p.html', **values | changes)
    return path.read_text()


def test_findings_classes_and_figures(tmp_path):
    names = tuple(f'n{k}' for k in range(1200))
    finding = Finding(
        Severity.ERROR,
        'x',
        'bad <i>',
        names,
        'mend it',
        dict(data=1),
        'run',
        ('why',),
    )
    text = page(tmp_path, findings=[finding], config='dataset = 1')
    assert 'Bad &lt;i&gt;' in text
    assert '<p>Mend it.</p>' in text
    assert '<pre>data = 1\nrun</pre>' in text
    assert 'n0, n1, n2 and 1,197 more' in text
    assert 'n999' in text
    assert 'n1000' not in text
    assert '<pre>dataset = 1</pre>' in text
    assert 'stomach&lt;&gt;' in text
    assert text.count('<svg') == 4
    titles = re.findall(r'title="([\d,]+ pixels)">(\d?)<', text)
    assert titles == [
        *(('0 pixels', '3'), ('36 pixels', '3')),
        *(('36 pixels', '3'), ('0 pixels', '3')),
    ]


def test_nothing_wrong_is_said(tmp_path):
    assert 'None: everything was read' in page(tmp_path)


def test_colours_are_those_of_the_data_set(tmp_path):
    palette = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    text = page(tmp_path, palette=palette)
    assert 'rgb(4, 5, 6)' in text
    assert 'rgb(230, 159, 0)' in page(tmp_path)


def test_nothing_to_show(tmp_path):
    text = page(tmp_path, observations=[], about=About())
    assert '<svg' not in text
    assert '<table' not in text


def test_figures_at_the_top():
    found = summary(list(observations()))
    assert found == {
        'train + val': '2 + 1',
        'height x width': '20 x 30 … 20 x 32',
        'channels': '1 of uint16',
        'intensities': '0 … 14',
    }
    assert summary([]) == {'images': '0'}


def test_findings_are_counted_at_the_top(tmp_path):
    text = page(tmp_path, findings=[Finding(Severity.WARNING, 'x', 'x')])
    assert '<div><b>0</b>errors</div>' in text
    assert '<div><b>1</b>warning</div>' in text
