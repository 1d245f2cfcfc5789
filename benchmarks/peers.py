"""Peers that cannot be imported as they are installed."""

import ast
import importlib
import importlib.util
import logging
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from skimage import exposure


def tiatoolbox_stainnorm() -> ModuleType:
    """``tiatoolbox.tools.stainnorm`` without what the package imports beside.

    TIAToolbox pins another torch, numpy and OpenCV and imports all of its
    parts; stain normalisation needs three of its functions from elsewhere.
    """
    root = Path(importlib.util.find_spec('tiatoolbox').origin).parent

    def package(name: str, **attributes: object) -> ModuleType:
        module = ModuleType(name)
        module.__path__ = [str(root / Path(*name.split('.')[1:]))]
        vars(module).update(attributes)
        sys.modules[name] = module
        return module

    log = logging.getLogger('tiatoolbox')
    log.setLevel(logging.ERROR)
    package('tiatoolbox', logger=log)
    package('tiatoolbox.tools')
    package('tiatoolbox.utils')
    wanted = {
        'misc': ['get_luminosity_tissue_mask', 'contrast_enhancer'],
        'transforms': ['rgb2od', 'od2rgb'],
    }
    for name, functions in wanted.items():
        module = package(
            f'tiatoolbox.utils.{name}',
            np=np,
            cv2=cv2,
            exposure=exposure,
            load_stain_matrix=None,
        )
        tree = ast.parse((root / 'utils' / f'{name}.py').read_text())
        tree.body = [
            node
            for node in tree.body
            if (isinstance(node, ast.FunctionDef) and node.name in functions)
            or (
                isinstance(node, ast.ImportFrom)
                and node.module == '__future__'
            )
        ]
        exec(compile(tree, name, 'exec'), vars(module))
    return importlib.import_module('tiatoolbox.tools.stainnorm')
