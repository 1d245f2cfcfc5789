"""Medical image segmentation for MMSegmentation 1.x.

Importing the package registers its data sets, transforms, models, metrics and
hooks with MMSegmentation, under bare names and under ``mmseg_medical.X``.
"""

from mmseg_medical._stack import require_stack

require_stack()

from mmengine.config.utils import MODULE2PACKAGE  # noqa: E402

from mmseg_medical import (  # noqa: E402
    datasets,
    engine,
    evaluation,
    models,
    registry,
)
from mmseg_medical._configs import config_path  # noqa: E402
from mmseg_medical.version import __version__  # noqa: E402

# Lets a config inherit by  _base_ = 'mmseg_medical::hubmap/….py'.
MODULE2PACKAGE['mmseg_medical'] = 'mmseg_medical'

__all__ = [
    '__version__',
    'config_path',
    'datasets',
    'engine',
    'evaluation',
    'models',
    'registry',
]
