"""Two rounds of pseudo labels from the command line, on a tiny tree."""

import pytest

from mmseg_medical.converters.pseudo_labels import PseudoLabels
from mmseg_medical.engine.checkpoint import load_checkpoint
from mmseg_medical.errors import InputError

# A second part of the training: images without masks, with pseudo labels.
MIXED = """
labelled = dict(
    type='HuBMAPDataset', data_root={root!r}, fold=0, num_folds=2,
    pipeline=train_pipeline,
)
unlabelled = dict(
    type='HuBMAPDataset', data_root={root!r}, ann_file='test.csv',
    pseudo_labels={folder!r}, pipeline=train_pipeline,
)
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False,
    sampler=dict(type='PseudoRatioSampler', ratio=0.5),
    dataset=dict(
        _delete_=True, type='ConcatDataset', datasets=[labelled, unlabelled]
    ),
)
"""
UNLABELLED = [
    '--cfg-options',
    *('test_dataloader.dataset.ann_file=test.csv', 'test_evaluator=[]'),
    'test_dataloader.dataset.fold=None',
]


@pytest.fixture
def root(hubmap):
    """Four labelled images, and three without masks."""
    root = hubmap(7)
    header, *rows = (root / 'train.csv').read_text().splitlines(keepends=True)
    (root / 'train.csv').write_text(''.join([header, *rows[:4]]))
    (root / 'test.csv').write_text(''.join([header, *rows[4:]]))
    (root / 'test_images').mkdir()
    for k in range(105, 108):
        path = root / 'train_images' / f'{k}.tiff'
        path.rename(root / 'test_images' / path.name)
    return root


@pytest.fixture
def steps(tool, root, tiny_config, tmp_path):
    """Training of a fold, its test on unlabelled images, their labels."""

    class Steps:
        def train(self, fold, folder=None):
            extra = ''
            if folder is not None:
                extra = MIXED.format(root=str(root), folder=str(folder))
            config = tiny_config(root, 1, extra)
            work_dir = tmp_path / ('student' if folder else 'teacher')
            tool('train').main(
                [config, '--work-dir', str(work_dir), '--fold', str(fold)]
            )
            return work_dir / f'fold_{fold}' / 'iter_1.pth'

        def test(self, checkpoint):
            out = checkpoint.parent / 'maps'
            arguments = [tiny_config(root, 1), str(checkpoint)]
            arguments += ['--work-dir', str(tmp_path / 'test')]
            tool('test').main([*arguments, '--out', str(out), *UNLABELLED])
            return str(out)

        def label(self, maps, out, *options):
            options = ['--out', str(out), '--mask-thr', '0', *options]
            return tool('pseudo_label').main([*maps, *options])

    return Steps()


def test_two_rounds_of_two_folds(steps, tmp_path, capsys):
    first = [steps.train(fold) for fold in (0, 1)]
    maps = [steps.test(checkpoint) for checkpoint in first]
    out = tmp_path / 'round_1'
    made = steps.label(maps, out, '--per-fold')
    assert list(made) == ['fold_0', 'fold_1']
    printed = capsys.readouterr().out
    assert f"pseudo_labels='{out}/fold_{{fold}}'" in printed
    assert 'kept         3       3' in printed
    assert 'note' not in printed

    # Each fold has the masks of its own teacher, and its checkpoint says so.
    second = [steps.train(fold, out / 'fold_{fold}') for fold in (0, 1)]
    for fold, checkpoint in enumerate(second):
        labels = PseudoLabels.open(out / f'fold_{fold}')
        (teacher,) = labels.provenance['models'].values()
        assert teacher['held_out']['fold'] == fold
        meta = load_checkpoint(checkpoint)['meta']
        assert meta['pseudo_labels'] == [labels.reference()]
        before = load_checkpoint(first[fold])['meta']
        assert meta['trained_on'] == before['trained_on']
        ((name, images),) = meta['trained_on'].items()
        assert name == 'hubmap/train_images'
        assert len(images) == 2

    again = steps.label(
        [steps.test(path) for path in second],
        tmp_path / 'round_2',
        '--per-fold',
    )
    for fold, labels in enumerate(again.values()):
        assert labels.provenance['round'] == 2
        (parent,) = labels.provenance['parents']
        assert parent == made[f'fold_{fold}'].reference()
        assert [*labels.provenance['images']] == ['hubmap/test_images']
    assert 'round 2: train with' in capsys.readouterr().out


def test_a_teacher_that_has_seen_the_validation_is_refused(
    steps, tmp_path, capsys
):
    maps = steps.test(steps.train(1))
    out = tmp_path / 'labels'
    steps.label([maps], out)
    assert (
        'note: made by models that held out fold 1: a training that valid'
        in (capsys.readouterr().out)
    )
    with pytest.raises(
        InputError,
        match=rf'{out}: iter_1.pth, which .* on 2 of 2 images to validate on '
        r'or .* first 10\d; .* --per-fold .*split\.teachers=False',
    ):
        steps.train(0, out)
    (out / 'provenance.json').unlink()
    with pytest.raises(InputError, match=r'no pseudo labels \(provenance'):
        steps.train(1, out)
