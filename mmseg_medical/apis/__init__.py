"""What the command-line tools call."""

from mmseg_medical.apis.config import drop_pretrained, load_config
from mmseg_medical.apis.stages import train_stages
from mmseg_medical.apis.test import test
from mmseg_medical.apis.train import train

__all__ = ['drop_pretrained', 'load_config', 'test', 'train', 'train_stages']
