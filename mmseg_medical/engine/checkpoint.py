"""Checkpoints: loaded without running code, written whole."""

import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mmengine.runner.checkpoint
import numpy as np
import torch
import torch.distributed
from mmengine.dist import get_dist_info
from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from mmseg_medical._files import replacing
from mmseg_medical.errors import InputError


class CheckpointError(InputError):
    """A checkpoint that cannot be used, and what to do."""


def _attribute(obj: Any, name: str) -> Any:
    """``getattr`` for the statistics that mmengine's log buffers pickle."""
    if obj is HistoryBuffer and name in ('min', 'max', 'current', 'mean'):
        return getattr(obj, name)
    raise pickle.UnpicklingError(f'getattr of {obj!r}')


def _safe_globals() -> list[Any]:
    """What checkpoints of mmengine hold beyond tensors."""
    kinds = 'bool uint8 int32 int64 uint32 uint64 float32 float64 str'.split()
    multiarray = np.zeros(0).__reduce__()[0].__module__
    functions = [
        np.zeros(0).__reduce__()[0],
        np.float64(0).__reduce__()[0],
    ]
    # numpy 2 renamed the module; files of both are read with both.
    modules = {multiarray, 'numpy.core.multiarray', 'numpy._core.multiarray'}
    return [
        HistoryBuffer,
        np.ndarray,
        np.dtype,
        slice,
        *(type(np.dtype(kind)) for kind in kinds),
        *((f, f'{m}.{f.__name__}') for f in functions for m in modules),
        (_attribute, 'builtins.getattr'),
        bytes,  # of arrays without an element
    ]


def load_checkpoint(
    path: str | os.PathLike[str],
    *,
    map_location: Any = 'cpu',
    trust: bool = False,
    classes: Sequence[type] = (),
) -> dict[str, Any]:
    """Load a checkpoint file.

    Args:
        path: File of ``torch.save``.
        map_location: As of ``torch.load``.
        trust: Load whatever the file holds, which can run any code.
        classes: Classes of which the file may hold instances, none of them
            with code of its own for that.

    Returns:
        What was saved: a dict with ``state_dict`` and ``meta``, or weights.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If the file is cut short, or holds more than
            tensors, numbers, numpy arrays and the logs of mmengine.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    try:
        with torch.serialization.safe_globals(
            [] if trust else [*_safe_globals(), *classes]
        ):
            return torch.load(path, map_location, weights_only=not trust)
    except pickle.UnpicklingError as error:
        reason = str(error).split('error: ')[-1].strip().splitlines()[0]
        raise CheckpointError(
            f'checkpoint {path} holds more than weights and logs ({reason}); '
            'loading it can run code. If you trust its origin, say so with '
            '--trust-checkpoint'
        ) from None
    except (RuntimeError, EOFError, OSError) as error:
        raise CheckpointError(
            f'checkpoint {path} cannot be read ({error}); it is cut short or '
            'no checkpoint'
        ) from None


@contextmanager
def downloading(weights: str, *, instead: str) -> Iterator[None]:
    """Say how to go on where a download within this context fails.

    Args:
        weights: Name or address of the pretrained weights.
        instead: What can be done with a file that was fetched elsewhere.

    Raises:
        CheckpointError: If the download fails.
    """
    try:
        yield
    except OSError as error:  # also of urllib and of Hugging Face
        reason = str(error).strip().split('\n')[0]
        raise CheckpointError(
            f'pretrained weights {weights} could not be downloaded ('
            f'{reason}); train without them by --no-pretrained, or {instead}'
        ) from None


def download_checkpoint(url: str) -> Path:
    """Download weights, by one process where disks are shared.

    Raises:
        CheckpointError: If the download fails; the message says how to go
            on without it.
    """
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(url).name)
    rank, world_size = get_dist_info()
    if rank and world_size > 1:
        torch.distributed.barrier()  # the first one has it now
    if not path.is_file():  # on every node that does not share the disk
        path.parent.mkdir(parents=True, exist_ok=True)
        with downloading(url, instead=f'put the file at {path}'):
            torch.hub.download_url_to_file(url, str(path))
    if rank == 0 and world_size > 1:
        torch.distributed.barrier()
    return path


def use_safe_loading(*, trust: bool = False) -> None:
    """Let mmengine load files and addresses by :func:`load_checkpoint`.

    mmengine of OpenMMLab cannot load the checkpoints that it writes on torch
    2.6 and later; its continuation loads anything where the safe way fails.

    Args:
        trust: Load whatever a file holds, which can run any code.
    """

    def load_from_local(filename: str, map_location: Any) -> Any:
        return load_checkpoint(
            filename, map_location=map_location, trust=trust
        )

    def load_from_http(filename: str, map_location: Any = None) -> Any:
        return load_from_local(
            str(download_checkpoint(filename)), map_location
        )

    register = CheckpointLoader.register_scheme
    register('', load_from_local, force=True)
    register(('http://', 'https://'), load_from_http, force=True)
    # torchvision://, open-mmlab:// … look an address up and then call this.
    mmengine.runner.checkpoint.load_from_http = load_from_http


def latest_checkpoint(work_dir: str | os.PathLike[str]) -> str | None:
    """The checkpoint to go on from, or None where there is none.

    Checkpoints are written whole, so where ``last_checkpoint`` is missing or
    empty (the disk was full), the newest one serves.
    """
    work_dir = Path(work_dir)
    note = work_dir / 'last_checkpoint'
    named = note.read_text().strip() if note.is_file() else ''
    for path in (Path(named), work_dir / Path(named).name):
        if named and path.is_file():
            return str(path)
    found = sorted(
        (p for k in ('iter', 'epoch') for p in work_dir.glob(f'{k}_*.pth')),
        key=lambda p: p.stat().st_mtime,
    )
    return str(found[-1]) if found else None


class AtomicBackend(LocalBackend):
    """Local files that appear whole or not at all."""

    def put(self, obj: bytes | memoryview, filepath: Any) -> None:
        """Write bytes; an old file stays as it was where this fails."""
        with replacing(filepath) as temporary:
            temporary.write_bytes(obj)

    def put_text(
        self, obj: str, filepath: Any, encoding: str = 'utf-8'
    ) -> None:
        """Write text; an old file stays as it was where this fails."""
        self.put(obj.encode(encoding), filepath)


register_backend('AtomicBackend', AtomicBackend, force=True)


def check_weights(
    weights: dict[str, Any],
    model: torch.nn.Module,
    path: str,
    *,
    partial: bool = False,
    instead: str = 'test it with the config it was trained with',
) -> None:
    """Check that a checkpoint has the weights of the model.

    mmengine logs what is missing or has another shape, and leaves it random.

    Args:
        weights: The ``state_dict`` that was loaded.
        model: Model that takes it.
        path: File, for the message.
        partial: Whether some of them will do.
        instead: What to do otherwise, for the message.

    Raises:
        CheckpointError: If no key is one of the model's, or weights are
            missing, have another shape or are none of the model's, but for
            those of auxiliary heads; a backbone may have them for another
            number of input channels.
    """
    found = {k.removeprefix('module.'): w for k, w in weights.items()}
    known = model.state_dict().keys()
    if not known & found.keys():
        raise CheckpointError(
            f'{path} has no weight of this model: it holds '
            f'{", ".join(list(found)[:3]) or "none"} …, expected '
            f'{", ".join(list(known)[:3])} …; is it of another model?'
        )
    needed = {
        name: weight
        for name, weight in model.named_parameters()
        if 'auxiliary_head.' not in name
    }
    missing = [k for k in needed if k not in found]
    other = [
        f'{k} {tuple(found[k].shape)} instead of {tuple(w.shape)}'
        for k, w in needed.items()
        if k in found and not _fits(k, w, found[k])
    ]
    aside = ('auxiliary_head.', 'data_preprocessor.')
    unused = [k for k in found.keys() - known if not k.startswith(aside)]
    if partial or not missing + other + unused:
        return
    parts = [
        f'{len(names)} {what}, as {min(names)}'
        for names, what in (
            (unused, 'of the file are none of it'),
            (missing, 'are missing'),
            (other, 'do not fit'),
        )
        if names
    ]
    if missing + other:
        parts[-1] += '. Those of the model would stay random'
    fitting = len(needed) - len(missing) - len(other)
    raise CheckpointError(
        f'{path} has {fitting} of {len(needed)} weights of this model: '
        f'{"; ".join(parts)}; {instead}'
    )


def _fits(name: str, here: Any, there: Any) -> bool:
    if here.shape == there.shape:
        return True
    beside = [shape[:1] + shape[2:] for shape in (here.shape, there.shape)]
    return 'backbone.' in name and beside[0] == beside[1]


def check_meta(
    meta: dict[str, Any],
    task: str,
    classes: Sequence[str] | None,
    path: str,
) -> None:
    """Check that a checkpoint was trained for the same labels.

    Raises:
        CheckpointError: If it says another task or other classes.
    """
    trained = meta.get('dataset_meta') or {}
    for name, there, here in (
        ('task', meta.get('task'), task),
        ('classes', trained.get('classes'), classes),
    ):
        if there is None or here is None:
            continue
        if there != here and tuple(there) != tuple(here):
            raise CheckpointError(
                f'{path} was trained for {name} {there!r}, the config says '
                f'{here!r}; test it with the config it was trained with'
            )
