"""What the loading transforms ask of a sample: its size and its runs."""

from typing import Any

from mmseg_medical.converters import rle
from mmseg_medical.converters.image import image_size
from mmseg_medical.errors import InputError


def true_size(results: dict[str, Any]) -> tuple[int, int]:
    """Size of the image file, checked against the owner's table."""
    size = image_size(results['img_path'])
    told = (results.get('height', size[0]), results.get('width', size[1]))
    if told != size:
        raise InputError(
            f'{results.get("where", "")}: the table says {told[0]} x '
            f'{told[1]} pixels (height x width), {results["img_path"]} has '
            f'{size[0]} x {size[1]}; if the table is wrong, add the id to '
            'wrong_sizes of the data set'
        )
    return size


def load_runs(
    results: dict[str, Any], size: tuple[int, int], *, repair: bool = False
) -> list[rle.Runs]:
    """Runs of each class of a sample, read once."""
    if 'runs' not in results:
        texts = results['rle']
        results['runs'] = [
            rle.load(
                text,
                size,
                results['rle_dialect'],
                repair=repair,
                where=results.get('where', ''),
            )
            for text in (texts if isinstance(texts, list) else [texts])
        ]
    return results['runs']
