"""Compressed frames of DICOM, decoded by imagecodecs.

pydicom looks after colours, signs and shapes and asks a plug-in for the rest.
imagecodecs, which reads TIFF here, knows all of these codecs and is under a
BSD licence; what pydicom names for lossless and 12-bit JPEG is under the GPL.
"""

import functools
import struct
from typing import Any

import imagecodecs
import numpy as np

from mmseg_medical._optional import optional

PLUGIN = 'imagecodecs'
_TRANSFER = '1.2.840.10008.1.2.'
_JPEG = tuple(_TRANSFER + k for k in ('4.50', '4.51', '4.57', '4.70'))
_JPEG_LS = (_TRANSFER + '4.80', _TRANSFER + '4.81')
_JPEG_2000 = tuple(
    _TRANSFER + k for k in ('4.90', '4.91', '4.201', '4.202', '4.203')
)
_RLE = _TRANSFER + '5'
# By the identifier of the transfer syntax, as pydicom asks for it.
DECODER_DEPENDENCIES = {
    uid: ('imagecodecs',) for uid in (*_JPEG, *_JPEG_LS, *_JPEG_2000, _RLE)
}


def is_available(uid: str) -> bool:
    """Whether imagecodecs was built with what a transfer syntax needs."""
    codec = (
        imagecodecs.JPEG8
        if uid in _JPEG
        else imagecodecs.JPEGLS
        if uid in _JPEG_LS
        else imagecodecs.JPEG2K
        if uid in _JPEG_2000
        else imagecodecs.DICOMRLE
    )
    return uid in DECODER_DEPENDENCIES and bool(codec.available)


@functools.cache
def register() -> None:
    """Tell pydicom of this module, once per process."""
    pixels = optional('pydicom.pixels', extra='dicom')
    for uid in DECODER_DEPENDENCIES:
        pixels.get_decoder(uid).add_plugin(PLUGIN, (__name__, 'decode_frame'))


def decode_frame(src: bytes, runner: Any) -> bytes:
    """Decode one frame; pydicom calls this.

    Args:
        src: The compressed frame.
        runner: What the header says of it; takes back how the result lies.

    Raises:
        ValueError: If the frame has another size than the header says.
    """
    uid = str(runner.transfer_syntax)
    size = (runner.rows, runner.columns)
    coded = _coded_size(src)
    if coded is not None and coded != size:
        raise ValueError(
            f'the header says {size[0]} x {size[1]} pixels (height x width), '
            f'the compressed frame {coded[0]} x {coded[1]}'
        )
    if uid == _RLE:
        runner.set_option('planar_configuration', 1)
        kind = f'<u{(runner.bits_allocated + 7) // 8}'
        return bytes(imagecodecs.dicomrle_decode(src, kind))
    if uid in _JPEG:
        colours = None
        if runner.samples_per_pixel == 3:
            rgb = runner.photometric_interpretation == 'RGB'
            colours = 'RGB' if rgb else 'YCBCR'
        # The same space in and out: no conversion, pydicom makes it.
        frame = imagecodecs.jpeg8_decode(
            src, colorspace=colours, outcolorspace=colours
        )
    elif uid in _JPEG_LS:
        frame = imagecodecs.jpegls_decode(src)
    else:
        frame = imagecodecs.jpeg2k_decode(src)
        if runner.photometric_interpretation in ('YBR_ICT', 'YBR_RCT'):
            runner.set_option('photometric_interpretation', 'RGB')
    runner.set_option('planar_configuration', 0)
    runner.set_option('bits_allocated', 8 * frame.dtype.itemsize)
    return np.ascontiguousarray(frame).tobytes()


def _coded_size(src: bytes) -> tuple[int, int] | None:
    """Height and width that a JPEG or JPEG 2000 stream declares itself."""
    at = src.find(b'\xff\x4f\xff\x51', 0, 4096)  # SOC, SIZ
    if at >= 0 and len(src) >= at + 24:
        right, bottom, left, top = struct.unpack_from('>4I', src, at + 8)
        return bottom - top, right - left
    at = 2
    while src[:2] == b'\xff\xd8' and at + 9 <= len(src):
        if src[at] != 0xFF:
            return None
        marker = src[at + 1]
        if marker == 0xF7 or (
            0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        ):
            height, width = struct.unpack_from('>2H', src, at + 5)
            return height, width
        at += 2
        if marker not in (0xFF, 0x01):
            at += int.from_bytes(src[at : at + 2], 'big')
        elif marker == 0xFF:  # a filling byte
            at -= 1
    return None
