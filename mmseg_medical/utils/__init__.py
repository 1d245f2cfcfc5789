"""What mmengine's hub looks for in a package by this name."""

from mmengine.registry import DefaultScope


def register_all_modules(init_default_scope: bool = True) -> None:
    """Register all parts of the package.

    Args:
        init_default_scope: Make ``mmseg`` the default scope where no scope
            has been chosen yet.
    """
    import mmseg_medical  # noqa: F401

    if init_default_scope and DefaultScope.get_current_instance() is None:
        DefaultScope.get_instance('mmseg', scope_name='mmseg')
