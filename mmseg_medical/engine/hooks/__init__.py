"""Hooks, registered with MMSegmentation."""

from mmseg_medical.engine.hooks.checkpoint import SafeCheckpointHook
from mmseg_medical.engine.hooks.classes import CheckClassesHook
from mmseg_medical.engine.hooks.logger import SafeLoggerHook
from mmseg_medical.engine.hooks.prediction import (
    OverlayHook,
    SaveProbabilitiesHook,
)

__all__ = [
    'CheckClassesHook',
    'OverlayHook',
    'SafeCheckpointHook',
    'SafeLoggerHook',
    'SaveProbabilitiesHook',
]
