import mmseg.registry
import pytest
from mmengine.registry import DefaultScope, Registry
from mmseg.registry import HOOKS, MODELS, TRANSFORMS

import mmseg_medical.registry  # noqa: F401

OURS = (
    'HuBMAPDataset',
    'StainNormalize',
    'MedicalSegmentor',
    'OverlapMetric',
    'SurfaceMetric',
    'UWMadisonMetric',
)


def test_bare_and_prefixed_names_are_the_same():
    for name in ('LoadImageRegion', 'mmseg_medical.LoadImageRegion'):
        assert TRANSFORMS.get(name).__name__ == 'LoadImageRegion'
    assert MODELS.get('mmseg_medical.EncoderDecoder') is MODELS.get(
        'EncoderDecoder'
    )
    assert HOOKS.get('mmseg_medical.SafeCheckpointHook')


@pytest.mark.parametrize('scope', ['mmseg', 'mmseg_medical'])
def test_both_scopes_find_both(scope):
    with DefaultScope.overwrite_default_scope(scope):
        for name in ('Resize', 'PackSegInputs', 'ApplyCLAHE'):
            kind = 'PackMedicalInputs' if name == 'Resize' else name
            arguments = dict(scale=(8, 8)) if name == 'Resize' else {}
            TRANSFORMS.build(dict(type=name, **arguments))
            assert TRANSFORMS.get(kind)
        loss = MODELS.build(dict(type='BCELoss'))
        assert type(loss).__name__ == 'BCELoss'


def test_no_name_of_mmsegmentation_is_taken():
    """Registering a name twice would raise; here none is even forced."""
    for registry in vars(mmseg.registry).values():
        if not isinstance(registry, Registry):
            continue
        for name, kind in registry.module_dict.items():
            if kind.__module__.startswith('mmseg_medical.'):
                assert name == kind.__name__
                parent = registry.parent.module_dict if registry.parent else {}
                assert name not in parent


def test_our_parts_stand_in_the_registries_of_mmsegmentation():
    found = {
        name
        for registry in vars(mmseg.registry).values()
        if isinstance(registry, Registry)
        for name, kind in registry.module_dict.items()
        if kind.__module__.startswith('mmseg_medical.')
    }
    assert found.issuperset(OURS)
