"""The OpenMMLab stack below: is it there, and can it be imported as it is?

Two families own the module names mmcv, mmengine and mmseg: the maintained
onedl-* distributions and the ones of OpenMMLab. The package works on both and
imports nothing that only one of them has.
"""

import importlib
import importlib.metadata
import importlib.util
import sys
from types import ModuleType
from typing import Any

_INSTALL = (
    "install it with  pip install 'mmsegmentation-medical[onedl]'  or look "
    'what is missing with  python tools/doctor.py'
)


def require_stack() -> None:
    """Make sure that MMSegmentation 1.x can be imported.

    Raises:
        ImportError: If a part of the stack is missing or of another
            generation; the message names it and the command that mends it.
    """
    for module in ('torch', 'mmengine', 'mmcv', 'mmseg'):
        if importlib.util.find_spec(module) is None:
            raise ImportError(
                f'mmseg_medical needs {module}, which is not installed; '
                f'{_INSTALL}'
            )
    import mmseg

    if int(mmseg.__version__.split('.')[0]) != 1:
        raise ImportError(
            f'mmseg_medical needs MMSegmentation 1.x, found '
            f'{mmseg.__version__}; {_INSTALL}'
        )
    _stand_in_for_mmcv_ops()


class _Ops(ModuleType):
    """Takes the place of ``mmcv.ops`` where its compiled part is missing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)

        def missing(*args: object, **kwargs: object) -> None:
            raise ImportError(
                f'mmcv.ops.{name} needs compiled mmcv; install mmcv with its '
                'ops or choose a model without them'
            )

        return type(name, (), {'__init__': missing, '__call__': missing})


def _stand_in_for_mmcv_ops() -> None:
    """Let MMSegmentation of OpenMMLab import without compiled mmcv ops.

    It imports six names of ``mmcv.ops`` that few of its models use, and fails
    as a whole where mmcv came without them; the onedl family does not.
    """
    try:
        importlib.metadata.version('mmsegmentation')
        importlib.import_module('mmcv.ops')
    except importlib.metadata.PackageNotFoundError:
        return
    except ModuleNotFoundError as error:
        if error.name != 'mmcv._ext':
            raise
        sys.modules['mmcv.ops'] = _Ops('mmcv.ops')
