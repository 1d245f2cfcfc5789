from mmengine.registry import DefaultScope

from mmseg_medical.utils import register_all_modules


def test_a_scope_that_was_chosen_stays():
    with DefaultScope.overwrite_default_scope('mmseg_medical'):
        register_all_modules()
        scope = DefaultScope.get_current_instance()
        assert scope.scope_name == 'mmseg_medical'
