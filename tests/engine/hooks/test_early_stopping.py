from types import SimpleNamespace

import pytest
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from mmseg_medical.apis import load_config, train_stages
from mmseg_medical.apis import test as run_test
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.engine.hooks import SafeEarlyStoppingHook
from mmseg_medical.engine.loops import ResumableTrainLoop
from mmseg_medical.errors import InputError
from mmseg_medical.evaluation.metrics import OverlapMetric

EXTRA = """
train_cfg = dict(max_iters=8, val_interval=1)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=1, max_keep_ckpts=-1)
)
custom_hooks = [dict(type='SafeEarlyStoppingHook', patience=3)]
"""


@pytest.fixture
def scores(monkeypatch):
    """Let validations have these scores, by their iteration."""
    validated = []

    def give(*values):
        validated.clear()

        def score(self, names, measured, metas):
            number = loops[-1].iter
            validated.append(number)
            return dict(dice_per_image=values[number - 1])

        monkeypatch.setattr(OverlapMetric, 'score', score)
        return validated

    loops, run = [], ResumableTrainLoop.run

    def remember(self):
        loops.append(self)
        return run(self)

    monkeypatch.setattr(ResumableTrainLoop, 'run', remember)
    return give


def test_it_stops_when_nothing_gets_better(run, scores, tmp_path):
    """Three validations without 0.001 more than the 0.5 of the second."""
    validated = scores(0.2, 0.5, 0.3, 0.5005, 0.4, 0.9, 0.9, 0.9)
    runner = run(8, EXTRA)
    assert validated == [1, 2, 3, 4, 5]
    assert runner.iter == 5
    (log,) = (tmp_path / 'work').glob('*/*.log')
    (said,) = [
        row for row in log.read_text().splitlines() if 'training stops' in row
    ]
    assert said.endswith(
        'the training stops at iteration 5 of 8: dice_per_image is 0.4000, '
        'the monitored metric did not improve in the last 3 records. best '
        'score: 0.500.'
    )


def test_the_best_checkpoint_is_that_of_the_best_validation(
    run, scores, tmp_path
):
    scores(0.2, 0.8, 0.3, 0.4, 0.5)
    runner = run(8, EXTRA)
    (best,) = (tmp_path / 'work').glob('best_*')
    assert best.name == 'best_dice_per_image_iter_2.pth'
    assert runner.message_hub.get_info('best_score') == 0.8
    weights = [
        load_checkpoint(tmp_path / 'work' / name)['state_dict']
        for name in (best.name, 'iter_2.pth', 'iter_5.pth')
    ]
    same = [
        all(value.equal(other[key]) for key, value in weights[0].items())
        for other in weights[1:]
    ]
    assert same == [True, False]


@pytest.mark.parametrize('killed_at', [2, 4])
def test_a_killed_training_has_waited_already(
    run, scores, tmp_path, monkeypatch, killed_at
):
    values = (0.2, 0.5, 0.3, 0.4, 0.4, 0.9, 0.9, 0.9)
    scores(*values)
    iterate = ResumableTrainLoop.run_iter

    def stop(self, batch):
        if self._iter == killed_at:
            raise KeyboardInterrupt
        return iterate(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(ResumableTrainLoop, 'run_iter', stop)
        with pytest.raises(KeyboardInterrupt):
            run(8, EXTRA)
    validated = scores(*values)
    runner = run(8, EXTRA, resume=True)
    assert validated == [*range(killed_at, 6)]
    assert runner.iter == 5
    # A run that has stopped stays where it is.
    validated = scores(*values)
    assert run(8, EXTRA, resume=True).iter == 5
    assert validated == [5]


def test_each_stage_stops_by_itself(
    hubmap, tiny_config, small_network, tmp_path, scores
):
    validated = scores(0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4)
    config = tiny_config(
        hubmap(),
        8,
        small_network
        + EXTRA.replace('patience=3', 'patience=2')
        + "stages = [dict(name='one'), dict(name='two', lr=1e-5)]",
    )
    done = train_stages(load_config(config, work_dir=str(tmp_path / 'w')))
    assert [one.iterations for one in done.values()] == [3, 3]
    assert validated == [1, 2, 3] * 2
    names = [one.checkpoint.rpartition('_')[2] for one in done.values()]
    assert names == ['1.pth', '1.pth']


def test_a_test_builds_no_training_data(trained, tmp_path, monkeypatch):
    def refuse(self):
        raise AssertionError('training data are not needed')

    monkeypatch.setattr(Runner, 'train_loop', property(refuse))
    cfg = load_config(
        trained.config,
        work_dir=str(tmp_path),
        options=dict(custom_hooks=[dict(type='SafeEarlyStoppingHook')]),
    )
    assert 'dice_per_image' in run_test(cfg, str(trained.checkpoint))


def runner(**changes):
    found = dict(
        val_loop=True,
        message_hub=SimpleNamespace(runtime_info={}),
        _train_loop=object.__new__(ResumableTrainLoop),
    )
    return SimpleNamespace(**{**found, **changes})


@pytest.mark.parametrize(
    ('monitor', 'rule'),
    [
        ('dice_per_image', 'greater'),
        ('iou_pooled/kidney', 'greater'),
        ('uw_madison_score', 'greater'),
        ('hausdorff_95_per_image', 'less'),
        ('loss', 'less'),
    ],
)
def test_what_is_better_is_known(monitor, rule):
    hook = HOOKS.build(dict(type='SafeEarlyStoppingHook', monitor=monitor))
    assert hook.rule == rule


def test_less_can_be_better():
    hook = SafeEarlyStoppingHook('hausdorff_95', patience=2, min_delta=0.5)
    stops = [
        hook._check_stop_condition(value)[0] for value in (9, 8, 7.8, 7.6)
    ]
    assert stops == [False, False, False, True]


def test_what_cannot_be():
    for options in (dict(patience=0), dict(min_delta=-0.1)):
        with pytest.raises(InputError, match=f'{next(iter(options))} is'):
            SafeEarlyStoppingHook(**options)
    hook = SafeEarlyStoppingHook()
    with pytest.raises(InputError, match='the config validates nothing'):
        hook.before_train(runner(val_loop=None))
    with pytest.raises(
        InputError, match="no score 'dice_per_image'; it has iou"
    ):
        hook.after_val_epoch(runner(), dict(iou=0.5))
