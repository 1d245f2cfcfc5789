import numpy as np
import pytest

from mmseg_medical.apis.label_rules import LabelRules
from mmseg_medical.apis.members import Members
from mmseg_medical.converters.confidence import Confidence
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.saved import SavedPipeline


@pytest.fixture
def members(write_maps):
    """Members of a test of a task."""

    def build(task='binary', classes=('background', 'lung')):
        probs = dict(
            a=np.full((1 if task == 'binary' else len(classes), 1, 2), 0.4)
        )
        return Members.open(
            [write_maps('m', probs, task=task, classes=classes)]
        )

    return build


@pytest.mark.parametrize(
    ('rules', 'low', 'high'),
    [
        (dict(), 0.5, 0.5),  # that of the maps
        (dict(mask_thr=0.3), 0.3, 0.3),
        (dict(low=0.1), 0.1, 0.5),
        (dict(high=[0.9]), 0.5, 0.9),
        (dict(low=0, high=dict(lung=1)), 0, 1),
    ],
)
def test_edges_of_what_is_ignored(members, rules, low, high):
    found = LabelRules(**rules).edges(members())
    assert [edge.tolist() for edge in found] == [[low], [high]]


def test_edges_of_several_classes(members):
    some = members('multiclass', ('background', 'a', 'b'))
    high = dict(b=0.9, a=0.8, background=0.6)
    assert LabelRules(high=high).edges(some)[1].tolist() == [0.6, 0.8, 0.9]
    assert LabelRules().edges(some)[1].tolist() == [0, 0, 0]
    with pytest.raises(InputError, match=r'exclude each other.*remove mask_t'):
        LabelRules(mask_thr=0.5).edges(some)


@pytest.mark.parametrize(
    ('rules', 'message'),
    [
        (dict(mask_thr=1.5), r'mask_thr is \[1.5\], expected probabil'),
        (dict(low=0.6, high=0.4), 'low is above high for lung: 0.6, 0.4'),
        (dict(low=0.6), 'low is above high for lung: 0.6, 0.5'),
        (dict(mask_thr=0.5, low=0.1), 'give mask_thr, or low and high'),
        (
            dict(min_confidence=2),
            r'min_confidence is 2, expected it in \[0, 1\]',
        ),
        (dict(min_sure=-0.1), 'min_sure is -0.1'),
        (dict(limit=0), 'limit is 0, expected a number of images or a share'),
        (dict(limit=2.5), 'limit is 2.5'),
        (dict(mask_thr=dict(liver=0.5)), 'is of liver, expected one for each'),
    ],
)
def test_rules_that_cannot_be(members, rules, message):
    with pytest.raises(InputError, match=message):
        LabelRules(**rules).edges(members())


def test_more_classes_than_a_mask_has_values(members):
    names = tuple(map(str, range(256)))
    with pytest.raises(
        InputError, match='at most 255 classes, these maps 256'
    ):
        LabelRules().edges(members('multiclass', names))


def test_post_processing_for_these_maps(members, tmp_path):
    path = tmp_path / 'p.json'
    threshold = dict(type='threshold', mask_thr=0.3)

    def rules(*steps, classes=('lung',)):
        saved = SavedPipeline(steps=steps, task='binary', classes=classes)
        saved.write(path)
        return LabelRules(postprocess=str(path))

    assert LabelRules().pipeline(members()) is None
    assert rules(threshold).pipeline(members()).labels == ['lung']
    with pytest.raises(InputError, match='step of whole volumes'):
        rules(threshold, dict(type='smooth_presence')).pipeline(members())
    with pytest.raises(InputError, match='was made for the classes'):
        rules(threshold, classes=('liver',)).pipeline(members())
    with pytest.raises(InputError, match='of its own; drop mask_thr'):
        LabelRules(postprocess=str(path), mask_thr=0.5)


@pytest.mark.parametrize(
    ('found', 'reason'),
    [
        (Confidence(0.9, 0.8, 0.1), ''),
        (Confidence(0.89, 0.8, 0.1), 'confidence below 0.9'),
        (Confidence(0.9, 0.79, 0.1), 'sure below 0.8'),
        (Confidence(1.0, 1.0, 0.0), 'empty'),
    ],
)
def test_why_an_image_is_left_out(found, reason):
    rules = LabelRules(min_confidence=0.9, min_sure=0.8, empty=False)
    assert rules.objection(found, np.array([[0, 255]])) == reason
    assert rules.objection(found, np.array([[255]])) == 'no pixel is sure'
