from types import SimpleNamespace

import pytest
from mmengine.runner.utils import calc_dynamic_intervals

from mmseg_medical.engine.pace import Pace, validations_left


class Run:
    """A training on a clock of its own."""

    def __init__(self):
        self.now = 1000.0
        self.pace = Pace(lambda: self.now)

    def iterate(self, *seconds):
        for taken in seconds:
            self.now += taken
            self.pace.step()

    def validate(self, seconds):
        self.pace.begin_validation()
        self.now += seconds
        self.pace.end_validation()


@pytest.fixture
def run():
    return Run()


def test_iterations_after_the_warm_up_count(run):
    run.iterate(*[9.0] * 10)
    assert run.pace.iteration is None
    assert run.pace.left(5, 1) is None
    run.iterate(*[0.25] * 7)
    assert run.pace.iteration == pytest.approx(0.25)
    assert run.pace.left(40, 0) == pytest.approx(10)


def test_enough_is_fifty_iterations_or_a_minute(run):
    run.iterate(*[0.1] * 59)
    assert not run.pace.ready
    run.iterate(0.1)
    assert run.pace.ready
    slow = Run()
    slow.iterate(*[12.0] * 14)
    assert not slow.pace.ready
    slow.iterate(12.0)
    assert slow.pace.ready


def scripted(loaders, checkpoint=1000, slow=1.5, step=0.2):
    """Seconds of each of 4,000 iterations, of which some wait."""
    for k in range(4000):
        wait = slow if k % loaders == loaders - 1 else 0
        begin = (4.0, 1.0)[min(k, 1)] if k < 6 else 0
        yield step + wait + begin + (3.0 if k % checkpoint == 20 else 0)


@pytest.mark.parametrize('loaders', [2, 4, 7, 10_000])
def test_it_is_right_where_loaders_give_several_batches_at_once(run, loaders):
    """The median of the iterations would be wrong by a factor of up to 4."""
    times = list(scripted(loaders))
    run.iterate(*times[:60])
    rest = sum(times[60:]) + 4 * 50
    run.validate(50)
    assert run.pace.left(3940, 4) == pytest.approx(rest, rel=0.15)


def test_validations_are_no_part_of_an_iteration(run):
    run.iterate(*[1.0] * 15)
    run.validate(100)
    run.iterate(*[1.0] * 5)
    assert run.pace.iteration == pytest.approx(1)
    run.validate(60)
    run.validate(60)
    assert run.pace.validation == 60
    assert run.pace.left(10, 2) == pytest.approx(130)


def test_the_line(run):
    with pytest.raises(ValueError, match='no iteration'):
        run.pace.estimate(1, 0)
    run.iterate(*[0.288] * 60)
    line = run.pace.estimate(40_000, 40)
    assert line == (
        'about 3 h 12 min left for 40,000 iterations (0.29 s each), '
        'validations come on top'
    )
    run.validate(41)
    assert run.pace.estimate(40_000, 40) == (
        'about 3 h 39 min left for 40,000 iterations (0.29 s each) and 40 '
        'validations (41 s each)'
    )
    assert run.pace.estimate(100, 0) == (
        'about 29 s left for 100 iterations (0.29 s each)'
    )


@pytest.mark.parametrize('dynamic', [None, [(30, 5)], [(7, 4), (21, 50)]])
@pytest.mark.parametrize('begin', [1, 13, 45])
def test_validations_are_counted_as_the_loop_makes_them(dynamic, begin):
    milestones, intervals = calc_dynamic_intervals(10, dynamic)
    loop = SimpleNamespace(
        runner=SimpleNamespace(val_loop=True),
        max_iters=43,
        val_begin=begin,
        dynamic_milestones=milestones,
        dynamic_intervals=intervals,
    )

    def validates(number):
        """As ``IterBasedTrainLoop`` decides after this iteration."""
        passed = [m <= number + 1 for m in milestones]
        interval = intervals[sum(passed) - 1]
        return number >= begin and (number % interval == 0 or number == 43)

    for loop.iter in range(44):
        expected = sum(validates(n) for n in range(loop.iter + 1, 44))
        assert validations_left(loop) == expected
    loop.runner.val_loop, loop.iter = None, 0
    assert validations_left(loop) == 0
