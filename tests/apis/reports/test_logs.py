import json

from mmseg_medical.apis.reports.logs import read_curves, read_scalars


def write(path, *entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(map(json.dumps, entries)))
    return path


def test_a_resumed_run_goes_on_where_it_was_killed(tmp_path):
    logs = [tmp_path / name for name in ('first', 'second')]
    lines = [json.dumps(dict(step=k, loss=1.0)) for k in (1, 2, 3, 4)]
    logs[0].write_text('\n'.join([*lines, '{"step": 5, "lo']))
    lines = [json.dumps(dict(step=k, loss=2.0)) for k in (3, 4, 5)]
    lines.append(json.dumps(dict(step=0, dice_per_image=0.5)))  # of a test
    logs[1].write_text('\n'.join(lines))
    assert read_scalars(logs) == {
        'loss': [(1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0), (5, 2.0)]
    }
    assert read_scalars([]) == {}


def test_dice_of_classes_are_curves_and_those_of_groups_are_not(tmp_path):
    entry = {
        'step': 5,
        'dice_per_image': 0.5,
        'dice_per_image/lung': 0.4,
        'dice_per_image/organ=lung': 0.3,
        'dice_per_image_ci_low': 0.2,
        'iou_pooled': 0.1,
    }
    found = read_scalars([write(tmp_path / 'a.json', entry)])
    assert found == {
        'dice_per_image': [(5, 0.5)],
        'dice_per_image/lung': [(5, 0.4)],
    }


def test_stages_stand_one_after_another(tmp_path):
    for number, name in enumerate(('coarse', 'fine')):
        folder = tmp_path / f'stage_{number}_{name}'
        entries = [dict(step=k, loss=number + 0.1 * k) for k in (1, 2)]
        write(folder / 'now' / 'vis_data' / 'scalars.json', *entries)
    (curve,) = read_curves(tmp_path, 'run')
    assert curve.stages == [(0, 'coarse'), (2, 'fine')]
    assert curve.scalars['loss'] == [(1, 0.1), (2, 0.2), (3, 1.1), (4, 1.2)]
    assert curve.iterations == 4
    assert not curve.validated


def test_each_fold_has_a_curve(tmp_path):
    for fold in (10, 2):
        path = tmp_path / f'fold_{fold}' / 'now' / 'vis_data' / 'scalars.json'
        write(path, dict(step=1, loss=0.5), dict(step=1, dice_pooled=0.5))
    curves = read_curves(tmp_path, 'run')
    assert [curve.name for curve in curves] == ['run, fold_2', 'run, fold_10']
    assert all(curve.validated for curve in curves)
