"""Heads for what an image is as a whole, registered with MMSegmentation."""

from mmseg_medical.models.image_heads.category import CategoryHead
from mmseg_medical.models.image_heads.presence import PresenceHead
from mmseg_medical.models.image_heads.quantity import QuantityHead

__all__ = ['CategoryHead', 'PresenceHead', 'QuantityHead']
