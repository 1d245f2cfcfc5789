"""From what names a model on a command line to its files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mmseg_medical.apis.notes import read_note
from mmseg_medical.apis.trained import NOTE
from mmseg_medical.engine.checkpoint import latest_checkpoint
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.saved import NAME as POSTPROCESS

_CONFIGS = ('.py', '.json', '.yaml', '.yml')


class ModelFiles(NamedTuple):
    """Files of a model.

    Attributes:
        config: Config file.
        checkpoint: File or address of its weights; None where the config
            names them, as that of an :class:`EnsembleSegmentor`.
        postprocess: The ``postprocess.json`` of its run; None where there is
            none.
    """

    config: str
    checkpoint: str | None
    postprocess: str | None = None


def find_models(names: Sequence[str]) -> list[ModelFiles]:
    """Files of the models that a command line names.

    Args:
        names: For each model the folder of its training (``work_dir``), or
            its config and after it its checkpoint, ``'none'`` for an ensemble
            that names its own. A folder of folds (``fold_0`` …) stands for
            the models of all of them.

    Raises:
        FileNotFoundError: If a file or folder does not exist.
        InputError: If a checkpoint has no config before it or a config none
            after it, a folder has no training, or there is no model at all.
    """
    left = list(names)
    found: list[ModelFiles] = []
    while left:
        name = left.pop(0)
        if Path(name).is_dir():
            found += _of_folder(Path(name))
        elif not name.endswith(_CONFIGS):
            _check_file(name, 'model')
            raise InputError(
                f'{name} stands where a model begins, which is the folder of '
                'a training or CONFIG CHECKPOINT; name the config before it'
            )
        else:
            _check_file(name, 'config')
            if (
                not left
                or left[0].endswith(_CONFIGS)
                or Path(left[0]).is_dir()
            ):
                raise InputError(
                    f'config {name} has no checkpoint after it; name it, or '
                    '"none" for an ensemble that names its own'
                )
            checkpoint = left.pop(0)
            if checkpoint != 'none' and '://' not in checkpoint:
                _check_file(checkpoint, 'checkpoint')
            found.append(
                ModelFiles(name, None if checkpoint == 'none' else checkpoint)
            )
    if not found:
        raise InputError(
            'there is no model; name the folder of a training, or CONFIG '
            'CHECKPOINT'
        )
    return found


def _check_file(name: str, what: str) -> None:
    if not Path(name).is_file():
        raise FileNotFoundError(f'{what} {name} does not exist')


def _of_folder(folder: Path) -> Iterator[ModelFiles]:
    """Model of the folder of a training, or those of its folds."""
    configs = sorted(folder.glob('*.py'))
    folds = sorted(
        (path for path in folder.glob('fold_*') if [*path.glob('*.py')]),
        key=lambda path: (len(path.name), path.name),
    )
    if folds and not configs:
        for fold in folds:
            yield from _of_folder(fold)
        return
    if len(configs) != 1:
        names = ', '.join(path.name for path in configs)
        raise InputError(
            f'{folder} has {len(configs)} configs{names and ": " + names}, '
            'and is not the folder of one training (--work-dir of '
            'tools/train.py); name CONFIG CHECKPOINT instead'
        )
    checkpoint = _checkpoint_of(folder)
    if checkpoint is None:
        raise InputError(
            f'{folder} has no checkpoint; was the training stopped before its '
            'first? Go on with  tools/train.py --resume'
        )
    postprocess = folder / POSTPROCESS
    yield ModelFiles(
        str(configs[0]),
        str(checkpoint),
        str(postprocess) if postprocess.is_file() else None,
    )


def _checkpoint_of(folder: Path) -> Path | str | None:
    """What a training says is to be tested: average, best, or last."""
    note = read_note(folder / NOTE)
    if note:
        path = folder / str(note.get('checkpoint'))
        _check_file(str(path), 'checkpoint')
        return path
    average = folder / 'averaged.pth'
    if average.is_file():
        return average
    best = sorted(folder.glob('best_*.pth'), key=lambda p: p.stat().st_mtime)
    return best[-1] if best else latest_checkpoint(folder)
