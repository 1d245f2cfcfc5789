import pytest

from mmseg_medical import apis
from mmseg_medical.apis import load_config
from mmseg_medical.converters.table import read_table
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing import SavedPipeline

CLASS = 'functional tissue unit'


@pytest.fixture
def areas(trained, tmp_path):
    """Test the tiny model; gives the predicted area of each image."""

    def run(**options):
        work_dir = tmp_path / 'work'
        cfg = load_config(trained.config, work_dir=str(work_dir))
        cfg.postprocess = options.pop('steps', None)
        apis.test(cfg, str(trained.checkpoint), **options)
        rows = read_table(work_dir / 'per_image.csv', ['id'])
        return {row['organ']: int(row['predicted_area']) for row in rows}

    return run


def saved(path, **changes):
    steps = [
        dict(
            type='threshold',
            mask_thr={'organ': {'kidney': 0.0, 'lung': 1.0}},
        )
    ]
    options = dict(
        steps=steps, task='binary', classes=[CLASS], dataset='HuBMAPDataset'
    )
    SavedPipeline(**{**options, **changes}).write(path)
    return str(path)


def test_a_file_makes_the_masks_of_a_test(areas, tmp_path):
    path, out = saved(tmp_path / 'p.json'), str(tmp_path / 'maps')
    found = areas(postprocess=path, out=out)
    assert found == dict(kidney=64 * 80, lung=0)
    # The maps are those of the model: another test takes them as they are,
    # here with steps of the config.
    found = areas(steps=[dict(type='threshold', mask_thr=0.0)], out=out)
    assert found == dict(kidney=64 * 80, lung=64 * 80)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(classes=['cell']), r"classes \['cell'\], this test has \['func"),
        (dict(dataset='STASDataset'), 'data set STASDataset, this test has H'),
        (
            dict(
                steps=[
                    dict(type='threshold', mask_thr=0.5),
                    dict(type='smooth_presence'),
                ]
            ),
            'smooth_presence needs all slices of a volume',
        ),
    ],
)
def test_what_does_not_fit_the_test_is_refused(
    areas, tmp_path, changes, message
):
    path = saved(tmp_path / 'p.json', **changes)
    with pytest.raises(InputError, match=message):
        areas(postprocess=path)
