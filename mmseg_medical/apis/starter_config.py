"""A config to train on a folder, mended by what was found in it."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmseg_medical.apis.check_dataset import DatasetCheck
from mmseg_medical.datasets.checks.finding import as_python
from mmseg_medical.datasets.checks.statistics import count_classes

_WIDTH = 79
_BASE = """\
_base_ = [
    __import__('mmseg_medical').config_path(f'_base_/{name}.py')
    for name in (
        'models/segformer_mit_b0',
        'datasets/_loaders',
        'schedules/schedule_40k',
        'default_runtime',
    )
]"""
_NUM_FOLDS = 5  # of MedicalDataset

Dict = dict[str, Any]


def starter_config(check: DatasetCheck) -> str:
    """Write the config of a training on a folder.

    Args:
        check: What came of looking at a folder.

    Returns:
        Python; '' where a config was checked, or there are no masks.
    """
    if not (check.layouts and any(one.mask for one in check.observations)):
        return ''
    parts = check.layouts[0].parts
    train = parts.get('train') or next(iter(parts.values()))
    val = parts.get('val', train)
    shared = {k: v for k, v in train.items() if k in val and val[k] == v}
    fold = _fold(check) if val is train else dict(fold=None)
    lines = [_BASE, *_statement('model', _model(check))]
    lines += _statement('data', _data(check, shared) | fold)
    lines += _statement('train_pipeline', _pipeline(check))
    lines.append('test_pipeline = train_pipeline[1:]')
    for part, pipeline, config in (
        ('train', 'train_pipeline', train),
        ('val', 'test_pipeline', val),
    ):
        own = {k: v for k, v in config.items() if k not in shared}
        lines += _statement(f'{part}_data', own)
        data = f'**data, **{part}_data' if own else '**data'
        lines += [
            f'{part}_dataset = dict({data}, pipeline={pipeline})',
            f'{part}_dataloader = dict(dataset={part}_dataset)',
        ]
    return '\n'.join([*lines, 'test_dataloader = val_dataloader'])


def _fold(check: DatasetCheck) -> Dict:
    """Arguments of a fold, where there are less samples than folds."""
    key = check.about.group
    names = {
        one.facts.get(key) if key else one.name for one in check.observations
    }
    count = len(names)
    if count >= _NUM_FOLDS:
        return {}
    return dict(num_folds=count) if count > 1 else dict(fold=None)


def _data(check: DatasetCheck, told: Mapping[str, Any]) -> Dict:
    """Arguments of the data set that all parts share."""
    data = dict(told, data_root=check.layouts[0].root)
    meta = data.get('metainfo', {})
    if meta and meta['classes'] != _classes(check):
        data['metainfo'] = dict(classes=_classes(check))
    for finding in check.findings:
        data |= finding.config.get('dataset', {})
    return data


def _classes(check: DatasetCheck) -> tuple[str, ...]:
    """Names of classes, or as many as there are labels."""
    if check.about.classes:
        return check.about.classes
    config = next(iter(check.layouts[0].parts.values()))
    told = tuple(config['metainfo']['classes'])
    found = count_classes(check.observations, check.about)
    count = sum(one.label > 0 for one in found)
    if count < len(told):
        return told
    return ('background', *(f'class {k}' for k in range(1, count + 1)))


def _model(check: DatasetCheck) -> Dict:
    """What the model has to know of classes and channels."""
    model: Dict = {}
    count = len(_classes(check))
    if check.about.overlapping:
        losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss')]
        head = dict(num_classes=count, loss_decode=losses)
        model = dict(task='multilabel', decode_head=head)
    elif count > 2:
        model = dict(task='multiclass', decode_head=dict(num_classes=count))
    channels = _channels(check)
    if len(channels) == 1 and not channels <= {1, 3}:
        (n,) = channels
        gray = dict(mean=[127.5] * n, std=[127.5] * n, bgr_to_rgb=False)
        model |= dict(data_preprocessor=gray, backbone=dict(in_channels=n))
    return model


def _channels(check: DatasetCheck) -> set[int]:
    return {one.image.shape[2] for one in check.observations if one.image}


def _pipeline(check: DatasetCheck) -> list[Dict]:
    """Steps of training, with what findings propose."""
    steps: dict[str, Dict] = dict(
        ChooseRandomRegion=dict(crop_size=(512, 512)),
        LoadImageRegion=dict(channels=3) if _channels(check) == {1} else {},
        MapIntensity={},
        LoadMaskRegion={},
        PackMedicalInputs={},
    )
    for finding in reversed(check.findings):
        kind = finding.config.get('type')
        if kind in steps:
            steps[kind] |= finding.config
    return [
        {'type': kind, **options}
        for kind, options in steps.items()
        if options or kind != 'MapIntensity'
    ]


def _statement(name: str, value: Any) -> list[str]:
    """Lines that assign a value; none where it is empty."""
    return [*_lines(f'{name} = ', value, '')] if value else []


def _lines(start: str, value: Any, end: str) -> Iterator[str]:
    """Python of a value, what is too long with an item on each line."""
    line = f'{start}{as_python(value)}{end}'
    if len(line) <= _WIDTH or not isinstance(value, (dict, list, tuple)):
        yield line
        return
    indent = ' ' * (len(start) - len(start.lstrip()) + 4)
    if isinstance(value, dict):
        yield f'{start}dict('
        for key, one in value.items():
            yield from _lines(f'{indent}{key}=', one, ',')
        yield f'{indent[4:]}){end}'
        return
    yield f'{start}['
    if all(isinstance(one, str) for one in value):
        yield from _filled(map(repr, value), indent)
    else:
        for one in value:
            yield from _lines(indent, one, ',')
    yield f'{indent[4:]}]{end}'


def _filled(words: Iterable[str], indent: str) -> Iterator[str]:
    """Lines of as many words as fit, a comma after each."""
    text = ''.join(f'{word},\n'.replace(' ', '\0') for word in words)
    for line in textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield line.replace('\0', ' ')
