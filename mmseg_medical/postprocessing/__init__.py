"""From probabilities to masks, on arrays, without torch."""

from mmseg_medical.postprocessing.pipeline import Pipeline, default_steps
from mmseg_medical.postprocessing.steps import STEPS, Step

__all__ = ['STEPS', 'Pipeline', 'Step', 'default_steps']
