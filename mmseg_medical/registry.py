"""Make ``mmseg_medical`` a scope: its names are looked up in MMSegmentation.

All parts of the package are registered in MMSegmentation's registries, so
that bare names work in any MMSegmentation config. mmengine also looks for a
module of this name, with a registry for each kind of part, when a config says
``mmseg_medical.X`` or ``default_scope = 'mmseg_medical'``.
"""

from typing import Any

import mmseg.registry
from mmengine.registry import Registry


class _ScopeAlias(Registry):
    """Empty child node that looks every name up in MMSegmentation's."""

    def get(self, key: str) -> Any:
        self.import_from_location()
        return self.parent.get(key.removeprefix(f'{self.scope}.'))


for _name, _parent in vars(mmseg.registry).items():
    if isinstance(_parent, Registry):
        _ScopeAlias(
            _parent.name,
            parent=_parent,
            scope='mmseg_medical',
            locations=['mmseg_medical'],
        )
