from mmseg_medical.datasets.checks.finding import About, Severity
from mmseg_medical.datasets.checks.outlines import check_outlines


def test_outlines_that_leave_the_image(observed):
    slips = [observed('a', beyond=0.0), observed('b', beyond=2.0)]
    (found,) = check_outlines(slips, About())
    assert found.severity == Severity.NOTE
    assert found.problem == (
        'outlines of 1 mask leave the image, by 2 pixels at most'
    )
    assert found.names == ('b',)
    (found,) = check_outlines([*slips, observed('c', beyond=90.0)], About())
    assert found.severity == Severity.WARNING
    assert found.names == ('c',)
    assert not list(check_outlines([observed(), slips[0]], About()))
