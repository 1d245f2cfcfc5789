"""Notes of what is done, in files beside it, and with which settings."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import barrier, broadcast_object_list, is_main_process

from mmseg_medical._files import replacing
from mmseg_medical.errors import InputError

# What may change without another result.
_ASIDE = {
    *('data_root', 'num_workers', 'persistent_workers', 'pin_memory'),
    *('prefetch_factor', 'csv_file', 'results_file'),
}


def digests(
    cfg: Config, keys: Sequence[str], *, aside: Sequence[str] = ()
) -> dict[str, str]:
    """Short names for the values of keys, equal where the values are.

    Args:
        cfg: Config.
        keys: Its keys.
        aside: Keys at any depth that do not count, beside those without an
            influence on results, as ``num_workers`` and ``data_root``.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            left = value.keys() - _ASIDE - set(aside)
            return {key: plain(value[key]) for key in left}
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        return value

    found = {}
    for key in keys:
        text = json.dumps(plain(cfg.get(key)), sort_keys=True, default=str)
        found[key] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return found


def read_note(path: Path) -> dict[str, Any] | None:
    """Read a note; None where there is none.

    Raises:
        InputError: If it is no note.
    """
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding='utf-8')))
    except (TypeError, ValueError) as error:
        raise InputError(
            f'{path} cannot be read ({error}); remove it to do that part again'
        ) from None


def shared_note(path: Path) -> dict[str, Any] | None:
    """Read a note on the main process, for all processes."""
    state = [read_note(path) if is_main_process() else None]
    broadcast_object_list(state)
    return state[0]


def write_note(path: Path, state: dict[str, Any]) -> None:
    """Write a note, from the main process."""
    if is_main_process():
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(state, indent=1) + '\n')
    barrier()
