"""From probabilities to masks, on arrays, without torch."""

from mmseg_medical.postprocessing.pipeline import Pipeline, default_steps
from mmseg_medical.postprocessing.saved import SavedPipeline, read_pipeline
from mmseg_medical.postprocessing.steps import STEPS, Step

__all__ = [
    'STEPS',
    'Pipeline',
    'SavedPipeline',
    'Step',
    'default_steps',
    'read_pipeline',
]
