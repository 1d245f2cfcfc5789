"""``postprocess.json``: steps, and what they were chosen for."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmseg_medical._files import replacing
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.pipeline import Pipeline

NAME = 'postprocess.json'


@dataclasses.dataclass(frozen=True, kw_only=True)
class SavedPipeline:
    """Steps in a file.

    Attributes:
        steps: As :class:`Pipeline` takes them.
        task: Task that they are for.
        classes: Names of the classes that have a mask.
        dataset: Class of the data set that they were chosen on; '' for any.
        found: Whatever else the file says: parameters, folds, scores.
    """

    steps: Sequence[Mapping[str, Any]]
    task: str
    classes: Sequence[str]
    dataset: str = ''
    found: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> 'SavedPipeline':
        """Read a file.

        Raises:
            FileNotFoundError: If there is none.
            InputError: If it does not say what has to be known; the message
                names the file.
        """
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f'{path} does not exist; tools/search_postprocess.py writes it'
            )
        try:
            state = json.loads(Path(path).read_text(encoding='utf-8'))
            names = [f.name for f in dataclasses.fields(cls)][:-1]
            known = {key: state.pop(key) for key in names if key in state}
            saved = cls(**known, found=state)
            saved.pipeline()
        except (AttributeError, TypeError, ValueError) as error:
            raise InputError(
                f'{path} is no post-processing ({error}); it needs steps, '
                'task and classes, as tools/search_postprocess.py writes them'
            ) from None
        return saved

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a file, whole or not at all."""
        state = dataclasses.asdict(self)
        state |= state.pop('found')
        text = json.dumps(state, indent=1)
        with replacing(path) as temporary:
            temporary.write_text(text + '\n', encoding='utf-8')

    def pipeline(self) -> Pipeline:
        """The pipeline of the steps."""
        return Pipeline(self.steps, task=self.task, labels=self.classes)


def read_pipeline(
    postprocess: str | os.PathLike[str] | Sequence[Mapping[str, Any]],
    *,
    task: str,
    labels: Sequence[str],
    dataset: str = '',
) -> Pipeline:
    """The pipeline of a file, or of steps, for the data of a test.

    Args:
        postprocess: A file that :class:`SavedPipeline` wrote, or steps.
        task: Task of the model.
        labels: Names of the classes that have a mask.
        dataset: Class of the data set; '' where it is not known.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it was made for another task, other classes or other
            data, or as :class:`Pipeline`.
    """
    if not isinstance(postprocess, (str, os.PathLike)):
        return Pipeline(postprocess, task=task, labels=labels)
    saved = SavedPipeline.read(postprocess)
    for what, there, here in (
        ('task', saved.task, task),
        ('classes', list(saved.classes), list(labels)),
        ('data set', saved.dataset or dataset, dataset or saved.dataset),
    ):
        if there != here:
            raise InputError(
                f'{postprocess} was made for the {what} {there}, this test '
                f'has {here}; search again with its maps '
                '(tools/search_postprocess.py)'
            )
    return saved.pipeline()
