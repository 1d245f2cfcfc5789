"""Where curves and pictures of a training go: TensorBoard, W&B, MLflow.

Those of mmengine, where they stop a run or lose the iteration.
"""

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmengine.visualization import (
    MLflowVisBackend,
    TensorboardVisBackend,
    WandbVisBackend,
)
from mmengine.visualization.vis_backend import force_init_env
from mmseg.registry import VISBACKENDS
from numpy.typing import NDArray

from mmseg_medical.errors import InputError


class _NoWriter:
    """Takes everything and keeps nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


@VISBACKENDS.register_module()
class TensorboardBackend(TensorboardVisBackend):
    """mmengine's backend for TensorBoard, which a run can do without.

    Where tensorboard is not installed, the log says how to get it, and the
    run goes on.

    Args:
        save_dir: Folder of the event files.

    Example:
        >>> visualizer = dict(vis_backends=[dict(type='TensorboardBackend')])
    """

    def _init_env(self) -> None:
        try:
            super()._init_env()
        except ImportError:
            self._tensorboard = _NoWriter()
            print_log(
                'no curves for TensorBoard, which is not installed:  pip '
                "install 'mmsegmentation-medical[track]'",
                logger='current',
            )


@VISBACKENDS.register_module()
class WandbBackend(WandbVisBackend):
    """mmengine's backend for Weights & Biases, with iterations as steps.

    mmengine counts its calls instead, so that losses, scores and pictures of
    one iteration lie at different steps. Arguments as of
    :class:`mmengine.visualization.WandbVisBackend`, but for ``commit``: a
    step is sent when the next one begins. ``WANDB_MODE=offline`` needs no
    network.

    Raises:
        InputError: If wandb is not installed.

    Example:
        >>> backend = dict(
        ...     type='WandbBackend', init_kwargs=dict(project='hubmap')
        ... )
    """

    def _init_env(self) -> None:
        _require('wandb', type(self).__name__)
        super()._init_env()

    def add_image(
        self,
        name: str,
        image: NDArray[np.uint8],
        step: int = 0,
        **kwargs: Any,
    ) -> None:
        run = self.experiment
        run.log({name: run.Image(image)}, step=step)

    def add_scalar(
        self, name: str, value: Any, step: int = 0, **kwargs: Any
    ) -> None:
        self.experiment.log({name: value}, step=step)

    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.experiment.log(scalar_dict, step=step)

    def close(self) -> None:
        if hasattr(self, '_wandb'):
            self._wandb.finish()


@VISBACKENDS.register_module()
class MLflowBackend(MLflowVisBackend):
    """mmengine's backend for MLflow, with pictures by iteration.

    Names have ``_`` for characters that MLflow does not take; mmengine would
    lose all scores of a validation with one such name. Arguments as of
    :class:`mmengine.visualization.MLflowVisBackend`. Without a
    ``tracking_uri``, it is that of ``MLFLOW_TRACKING_URI``, or a database
    ``mlflow.db`` beside the logs: MLflow takes folders no more.

    Raises:
        InputError: If MLflow is not installed.

    Example:
        >>> backend = dict(type='MLflowBackend', exp_name='hubmap')
    """

    def _init_env(self) -> None:
        _require('mlflow', type(self).__name__)
        if self._tracking_uri is None:
            self._tracking_uri = os.environ.get('MLFLOW_TRACKING_URI')
        if self._tracking_uri is None:
            folder = Path(self._save_dir).resolve()
            self._tracking_uri = f'sqlite:///{folder / "mlflow.db"}'
            if self._artifact_location is None:
                self._artifact_location = (folder / 'artifacts').as_uri()
        super()._init_env()

    @force_init_env
    def add_image(
        self,
        name: str,
        image: NDArray[np.uint8],
        step: int = 0,
        **kwargs: Any,
    ) -> None:
        self._mlflow.log_image(
            image, key=_plain(name), step=step, synchronous=True
        )

    def add_scalar(
        self, name: str, value: Any, step: int = 0, **kwargs: Any
    ) -> None:
        super().add_scalar(_plain(name), value, step)

    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        plain = {_plain(name): value for name, value in scalar_dict.items()}
        super().add_scalars(plain, step)


def _require(module: str, backend: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise InputError(
            f'{backend} needs {module}, which is not installed:  pip install '
            f'{module}'
        )


def _plain(name: str) -> str:
    return re.sub(r'[^\w\-. :/]', '_', name)
