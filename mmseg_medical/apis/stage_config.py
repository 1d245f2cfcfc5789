"""What the keys of a training stage set in a config."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmengine.config import Config

from mmseg_medical.apis.folds import dataset_configs
from mmseg_medical.errors import InputError

# Changes a config, and tells how many places of it.
Setter = Callable[[Config, Any], int]


def stage_config(cfg: Config, index: int) -> Config:
    """The config of one stage.

    Args:
        cfg: Config with ``stages``, a list of dicts with keys of
            :data:`STAGE_KEYS`; it is not changed.
        index: Number of the stage, from 0.

    Returns:
        A config without ``stages``, whose ``work_dir`` is
        ``stage_<index>_<name>`` in that of ``cfg``.

    Raises:
        InputError: If there is no such stage, a key is unknown or changes
            nothing, or a name is no name of a folder or taken twice.
    """
    stages = list(cfg.get('stages') or [])
    if not 0 <= index < len(stages):
        raise InputError(
            f'there is no stage {index}: stages has {len(stages)}'
        )
    names = [str(stage.get('name', '')) for stage in stages]
    name, stage = names[index], stages[index]
    where = f'stages[{index}]'
    if not name.replace('-', '_').isidentifier() and not name.isalnum():
        raise InputError(
            f'{where}.name is {name!r}; give each stage a name of letters, '
            'digits and _'
        )
    if names.count(name) > 1:
        raise InputError(f'{where}.name is {name!r}, as that of another stage')
    unknown = stage.keys() - STAGE_KEYS.keys() - {'name', 'load_from'}
    if unknown:
        raise InputError(
            f'{where} ({name}) has {sorted(unknown)[0]!r}; expected some of '
            f'name, load_from, {", ".join(STAGE_KEYS)}'
        )
    if stage.get('subset') == 'positive' and 'positives' in stage:
        raise InputError(
            f"{where} ({name}): subset='positive' is positives=1.0; give one "
            'of both'
        )
    found = copy.deepcopy(cfg)
    found.pop('stages')
    if 'work_dir' in found:
        found.work_dir = f'{found.work_dir}/stage_{index}_{name}'
    for key, setter in STAGE_KEYS.items():
        if key in stage and not setter(found, copy.deepcopy(stage[key])):
            raise InputError(
                f'{where} ({name}): {key} changes nothing, the config has '
                f'none; set it by options=dict(…) where it belongs'
            )
    return found


def _assign(*paths: str) -> Setter:
    """Sets values of dicts that the config has."""

    def setter(cfg: Config, value: Any) -> int:
        count = 0
        for path in paths:
            *above, key = path.split('.')
            place: Any = cfg._cfg_dict
            for part in above:
                place = place.get(part) if isinstance(place, dict) else None
            if isinstance(place, dict):
                place[key] = value
                count += 1
        return count

    return setter


def _in_pipelines(
    key: str, parts: Sequence[str], names: Sequence[str]
) -> Setter:
    """Sets an argument of transforms of some names."""

    def setter(cfg: Config, value: Any) -> int:
        steps = [
            step
            for part in parts
            for step in _typed(cfg.get(f'{part}_dataloader'))
            if str(step['type']).split('.')[-1] in names and key in step
        ]
        for step in steps:
            step[key] = tuple(value)
        return len(steps)

    return setter


def _typed(value: Any) -> Iterator[Any]:
    """Dicts with a type, at any depth: transforms within others as well."""
    if isinstance(value, dict):
        if 'type' in value:
            yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _typed(one)


def _positives(cfg: Config, value: Any) -> int:
    cfg.train_dataloader.sampler = dict(
        type='PositiveRatioSampler', ratio=value
    )
    return 1


def _subset(cfg: Config, value: str | dict[str, Any]) -> int:
    if value == 'positive':
        return _positives(cfg, 1.0)
    configs = list(dataset_configs(cfg.train_dataloader))
    for config in configs:
        config.subset = value
    return len(configs)


def _freeze(cfg: Config, value: Sequence[str]) -> int:
    hook = dict(type='FreezeHook', patterns=value)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]
    return 1


def _options(cfg: Config, value: dict[str, Any]) -> int:
    cfg.merge_from_dict(value)
    return len(value)


# In the order in which they are set.
STAGE_KEYS: dict[str, Setter] = {
    'max_iters': _assign('train_cfg.max_iters'),
    'val_interval': _assign('train_cfg.val_interval'),
    'schedule': _assign('param_scheduler'),
    'optimizer': _assign('optim_wrapper.optimizer'),
    'lr': _assign('optim_wrapper.optimizer.lr'),
    'losses': _assign('model.decode_head.loss_decode'),
    'scale': _in_pipelines(
        'scale', ('train', 'val'), ('Resize', 'RandomResize')
    ),
    'crop_size': _in_pipelines(
        'crop_size', ('train',), ('ChooseRandomRegion', 'RandomCrop')
    ),
    'batch_size': _assign('train_dataloader.batch_size'),
    'positives': _positives,
    'subset': _subset,
    'freeze': _freeze,
    'options': _options,
}
