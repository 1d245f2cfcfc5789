"""Optional dependencies: imported when they are used, named when missing."""

import importlib
from typing import Any


def optional(module: str, *, extra: str) -> Any:
    """Import a module that only some of the package needs.

    Args:
        module: Name of the module.
        extra: Extra of this distribution that installs it.

    Raises:
        ImportError: If it is not installed; the message says how to.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{error.name} is not installed:  pip install '
            f"'mmsegmentation-medical[{extra}]'"
        ) from error
