"""The lines of a config that a folder was read by, mended."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmseg_medical.apis.check_dataset import DatasetCheck
from mmseg_medical.datasets.checks.statistics import count_classes

_STEPS = {
    'LoadImageRegion': "dict(type='LoadImageRegion')",
    'MapIntensity': '',
    'LoadMaskRegion': "dict(type='LoadMaskRegion')",
    'PackMedicalInputs': "dict(type='PackMedicalInputs')",
}
_WIDTH = 79


def starter_config(check: DatasetCheck) -> str:
    """Write the config of the data sets of a folder.

    Args:
        check: What came of looking at a folder.

    Returns:
        Lines of Python; '' where a config was checked.
    """
    if not check.layouts:
        return ''
    layout = check.layouts[0]
    lines = ['pipeline = [', *(f'    {s},' for s in _pipeline(check)), ']']
    for part, config in layout.parts.items():
        options = dict(config, data_root=layout.root)
        if not layout.named:
            options['metainfo'] = _metainfo(check, config)
        name = f'{part}_dataset' if part else 'dataset'
        lines += [
            f'{name} = dict(',
            *(line for item in options.items() for line in _argument(*item)),
            '    pipeline=pipeline,',
            ')',
        ]
    return '\n'.join(lines)


def _pipeline(check: DatasetCheck) -> list[str]:
    """Steps of the pipeline, those that findings propose among them."""
    steps = dict(_STEPS)
    loader = check.layouts[0].loader
    if loader:
        steps['LoadMaskRegion'] = _text(dict(type='LoadMaskRegion', **loader))
    for finding in reversed(check.findings):
        line = finding.config.split('  #')[0]
        kind = line.removeprefix("dict(type='").partition("'")[0]
        if line.startswith('dict(type=') and kind in steps:
            steps[kind] = line
    return [step for step in steps.values() if step]


def _metainfo(
    check: DatasetCheck, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Classes by the number of labels that were found."""
    classes = count_classes(check.observations, check.about)
    found = [one for one in classes if one.label]
    told = config.get('metainfo', {})
    if len(found) < 2 or len(told.get('classes', ())) > len(found):
        return dict(told)
    names = [f'class {k}' for k in range(1, len(found) + 1)]
    return dict(told, classes=('background', *names))


def _argument(key: str, value: Any) -> Iterator[str]:
    """Lines of an argument; what is too long has an item on each line."""
    line = f'    {key}={_text(value)},'
    if len(line) <= _WIDTH or not isinstance(value, (dict, list, tuple)):
        yield line
        return
    if isinstance(value, dict):
        yield f'    {key}=dict('
        for name, one in value.items():
            yield from (f'    {text}' for text in _argument(name, one))
        yield '    ),'
        return
    yield f'    {key}=('
    yield from (f'        {one!r},' for one in value)
    yield '    ),'


def _text(value: Any) -> str:
    """Value as Python, dicts as calls."""
    names = isinstance(value, Mapping) and all(map(_is_name, value))
    if names:
        inside = ', '.join(f'{k}={_text(v)}' for k, v in value.items())
        return f'dict({inside})'
    return repr(value)


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier()
