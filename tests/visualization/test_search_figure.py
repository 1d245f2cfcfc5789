import cv2
import numpy as np
import pytest

from mmseg_medical.postprocessing.families import make_family
from mmseg_medical.postprocessing.objective import objective
from mmseg_medical.postprocessing.selection import Tally
from mmseg_medical.visualization.search_figure import write_surface


@pytest.fixture
def choice():
    def make(name, task, labels):
        family = make_family(
            name, task=task, levels=255, thresholds=[0.2, 0.4], sizes=[9]
        )
        tally = Tally(
            family, objective('dice_per_image'), labels, by_class=True
        )
        rng = np.random.default_rng(0)
        counts = rng.integers(1, 9, (len(labels), *family.shape, 3))
        tally.add(counts, fold='a', group='')
        return tally.choose(['a'])

    return make


@pytest.mark.parametrize(
    ('name', 'task', 'texts'),
    [
        ('remove_small', 'multilabel', ('(mask_thr)', '(min_size)')),
        ('triplet', 'multilabel', ('(mask_thr)', '(min_size)')),
        ('doublet', 'multilabel', ('(mask_thr)', '(top_score_thr)')),
        ('remove_small', 'multiclass', ('(min_size)',)),
    ],
)
def test_every_family_is_drawn(choice, tmp_path, name, task, texts):
    made = choice(name, task, ['lung', 'heart'])
    write_surface(tmp_path / 's.svg', made, ['a'])
    svg = (tmp_path / 's.svg').read_text()
    assert svg.startswith('<?xml')
    for text in (*texts, 'lung', 'heart', 'dice_per_image'):
        assert f'<!-- {text}' in svg or f'{text} -->' in svg
    best = made.tally.surface(['a']).mean(0).max()
    assert (f'best: {best:.4f}' in svg) == (task == 'multilabel')


def test_a_picture(choice, tmp_path):
    made = choice('remove_small', 'binary', ['lung'])
    write_surface(tmp_path / 's.png', made, ['a'])
    assert cv2.imread(str(tmp_path / 's.png')).shape[1] == 1260
