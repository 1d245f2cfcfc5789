import csv
import json

import pytest
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical.apis import load_config, train, train_stages, trained
from mmseg_medical.apis.stages import table_of
from mmseg_medical.apis.trained import Trained
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.engine.loops import ResumableTrainLoop
from mmseg_medical.errors import InputError

STAGES = """
stages = [
    dict(name='one', lr=1e-3, max_iters=2),
    dict(name='two', lr=1e-4, max_iters=3, freeze=['backbone']),
]
"""


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


@pytest.fixture
def started(monkeypatch):
    """Where trainings were started, from what, and whether they went on."""
    calls, original = [], trained.train

    def call(cfg, **options):
        runner = original(cfg, **options)
        calls.append((cfg.work_dir[-11:], runner._load_from, runner._resume))
        return runner

    monkeypatch.setattr(trained, 'train', call)
    return calls


@pytest.fixture
def stages(hubmap, tiny_config, tmp_path):
    config, root = tiny_config(hubmap(), 2, STAGES), tmp_path / 'w'

    def run(resume=True, **options):
        cfg = load_config(config, work_dir=str(root), options=options)
        return train_stages(cfg, resume=resume, pretrained=False)

    run.root = root
    return run


def test_each_stage_starts_from_the_best_of_the_one_before(stages, started):
    done = stages()
    folders = ['stage_0_one', 'stage_1_two']
    assert [*done] == folders
    best = done['stage_0_one'].checkpoint
    assert started == [
        ('stage_0_one', None, False),
        ('stage_1_two', best, False),
    ]
    assert [one.iterations for one in done.values()] == [2, 3]
    weights = [load_checkpoint(one.checkpoint) for one in done.values()]
    for name, tensor in weights[0]['state_dict'].items():
        same = tensor.equal(weights[1]['state_dict'][name])
        assert same == name.startswith('backbone.'), name
    with (stages.root / 'stages.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['stage'] for row in rows] == folders
    assert [row['iterations'] for row in rows] == ['2', '3']
    score = done['stage_1_two'].scores['dice_per_image']
    assert float(rows[1]['dice_per_image']) == pytest.approx(score, abs=1e-4)

    # What is done is not done again, unless that is asked for.
    started.clear()
    assert stages() == done
    assert started == []
    (stages.root / 'stage_1_two' / 'trained.json').unlink()
    stages()
    assert [call[0] for call in started] == ['stage_1_two']
    assert started[0][2]  # at its end
    stages(resume=False)
    assert [call[0] for call in started[1:]] == folders


def losses(folder):
    found = {}
    for log in sorted(folder.glob('*/*/vis_data/scalars.json')):
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            if 'loss' in entry:
                found[log.parts[-4], entry['step']] = entry['loss']
    return found


def test_a_run_stopped_in_the_second_stage_goes_on_there(
    hubmap, tiny_config, tmp_path, started, monkeypatch
):
    config = tiny_config(
        hubmap(),
        2,
        """
stages = [
    dict(name='small', scale=(96, 96), max_iters=2),
    dict(name='large', max_iters=5, val_interval=5, positives=1.0),
]
""",
    )

    def run(folder):
        cfg = load_config(config, work_dir=str(folder))
        train_stages(cfg, resume=True, pretrained=False)

    run(tmp_path / 'whole')
    iterate = ResumableTrainLoop.run_iter

    def stop(self, batch):
        if (self._max_iters, self._iter) == (5, 3):
            raise KeyboardInterrupt
        return iterate(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(ResumableTrainLoop, 'run_iter', stop)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / 'stopped')
    started.clear()
    run(tmp_path / 'stopped')
    last = str(tmp_path / 'stopped' / 'stage_1_large' / 'iter_2.pth')
    assert started == [('age_1_large', last, True)]
    expected = losses(tmp_path / 'whole')
    assert len(expected) == 7
    assert losses(tmp_path / 'stopped') == expected


def test_another_setting_of_a_stage_that_is_done_is_refused(stages):
    stages()
    with pytest.raises(InputError, match='stage_0_one was trained with other'):
        stages(**{'stages.0.lr': 1e-2})


def test_weights_to_start_from(stages, started, tmp_path):
    first = stages(stages=[dict(name='one', max_iters=2)])
    file = first['stage_0_one'].checkpoint
    stages(
        stages=[
            dict(name='one', max_iters=2),
            dict(name='last', max_iters=1, load_from='last'),
            dict(name='none', max_iters=1, load_from=None),
            dict(name='file', max_iters=1, load_from=file),
        ]
    )
    starts = [call[1] for call in started[1:]]
    last = str(stages.root / 'stage_0_one' / 'iter_2.pth')
    assert starts == [last, None, file]
    with pytest.raises(InputError, match='and there is no stage before'):
        stages(stages=[dict(name='a', load_from='best')])


def test_the_table_has_a_column_for_each_score():
    done = dict(
        a=Trained('w/a.pth', 10, dict(dice=0.5), 3.2),
        b=Trained('w/b.pth', 20, dict(iou=0.25), 4.0),
    )
    assert table_of(done) == [
        ['stage', 'iterations', 'dice', 'iou', 'seconds', 'checkpoint'],
        ['a', '10', '0.5000', '', '3', 'a.pth'],
        ['b', '20', '', '0.2500', '4', 'b.pth'],
    ]


def test_one_training_is_not_made_of_stages(hubmap, tiny_config, tmp_path):
    cfg = load_config(
        tiny_config(hubmap(), 1, STAGES), work_dir=str(tmp_path / 'w')
    )
    with pytest.raises(InputError, match=r'has stages.*train_stages\(\)'):
        train(cfg)
