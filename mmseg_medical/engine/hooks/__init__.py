"""Hooks, registered with MMSegmentation."""

from mmseg_medical.engine.hooks.average_checkpoints import (
    AverageCheckpointsHook,
)
from mmseg_medical.engine.hooks.checkpoint import SafeCheckpointHook
from mmseg_medical.engine.hooks.classes import CheckClassesHook
from mmseg_medical.engine.hooks.compile import CompileHook
from mmseg_medical.engine.hooks.early_stopping import SafeEarlyStoppingHook
from mmseg_medical.engine.hooks.freeze import FreezeHook
from mmseg_medical.engine.hooks.instances import SaveInstancesHook
from mmseg_medical.engine.hooks.log_overlays import LogOverlaysHook
from mmseg_medical.engine.hooks.logger import SafeLoggerHook
from mmseg_medical.engine.hooks.postprocess import PostprocessHook
from mmseg_medical.engine.hooks.prediction import (
    OverlayHook,
    SaveProbabilitiesHook,
)
from mmseg_medical.engine.hooks.progress import ProgressHook
from mmseg_medical.engine.hooks.reestimate_bn import ReestimateBNHook
from mmseg_medical.engine.hooks.split import CheckSplitHook
from mmseg_medical.engine.hooks.sync_bn import SyncBNHook

__all__ = [
    'AverageCheckpointsHook',
    'CheckClassesHook',
    'CheckSplitHook',
    'CompileHook',
    'FreezeHook',
    'LogOverlaysHook',
    'OverlayHook',
    'PostprocessHook',
    'ProgressHook',
    'ReestimateBNHook',
    'SafeCheckpointHook',
    'SafeEarlyStoppingHook',
    'SafeLoggerHook',
    'SaveInstancesHook',
    'SaveProbabilitiesHook',
    'SyncBNHook',
]
