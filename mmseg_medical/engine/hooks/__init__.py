"""Hooks, registered with MMSegmentation."""

from mmseg_medical.engine.hooks.checkpoint import SafeCheckpointHook
from mmseg_medical.engine.hooks.classes import CheckClassesHook
from mmseg_medical.engine.hooks.freeze import FreezeHook
from mmseg_medical.engine.hooks.logger import SafeLoggerHook
from mmseg_medical.engine.hooks.prediction import (
    OverlayHook,
    SaveProbabilitiesHook,
)
from mmseg_medical.engine.hooks.split import CheckSplitHook

__all__ = [
    'CheckClassesHook',
    'CheckSplitHook',
    'FreezeHook',
    'OverlayHook',
    'SafeCheckpointHook',
    'SafeLoggerHook',
    'SaveProbabilitiesHook',
]
