"""Where the configs lie, in a clone and in an installed package."""

import difflib
from pathlib import Path


def config_path(name: str) -> str:
    """Path of a config of this package, for ``_base_`` and ``fromfile``.

    Args:
        name: Path below ``configs/``, as ``'hubmap/segformer_mitb2.py'``.

    Raises:
        FileNotFoundError: If there is no such config; the message names
            similar ones.

    Example:
        >>> from mmengine.config import Config
        >>> cfg = Config.fromfile(config_path('hubmap/segformer_mitb2.py'))
    """
    package = Path(__file__).parent
    # In a clone .mim/configs links to configs/; where links are not kept
    # (git on Windows), the folder itself is beside the package.
    for root in (package / '.mim' / 'configs', package.parent / 'configs'):
        if root.is_dir():
            break
    path = root / name
    if not path.is_file():
        known = [p.relative_to(root).as_posix() for p in root.rglob('*.py')]
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        raise FileNotFoundError(
            f'no config {name!r} in {root}; similar: {near or known}'
        )
    return str(path)
