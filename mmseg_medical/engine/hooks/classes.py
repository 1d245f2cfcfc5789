"""A model and its data that disagree about the classes."""

from typing import Any

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_medical.engine.hooks.checkpoint import unwrapped
from mmseg_medical.errors import InputError


@HOOKS.register_module()
class CheckClassesHook(Hook):
    """Refuse a model with other classes than its data set.

    Before the first iteration, that is, and not at the first validation or
    with a loss that leaves labels out.

    Raises:
        InputError: If ``num_classes`` of the decode head is not the number of
            classes of the data set, or an ensemble was trained for others.

    Example:
        >>> default_hooks = dict(classes=dict(type='CheckClassesHook'))
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Any) -> None:
        self._check(runner, runner.train_dataloader)

    def before_test(self, runner: Any) -> None:
        self._check(runner, runner.test_dataloader)

    @staticmethod
    def _check(runner: Any, loader: Any) -> None:
        model = unwrapped(runner.model)
        classes = loader.dataset.metainfo.get('classes')
        count = getattr(model, 'num_classes', None)
        trained = getattr(model, 'classes', None)  # of an ensemble
        if classes and trained and tuple(trained) != tuple(classes):
            raise InputError(
                f'model.checkpoints were trained for classes {trained}, the '
                f'data set has {classes}; test them with the data they are of'
            )
        if not classes or count is None or count == len(classes):
            return
        raise InputError(
            f'model.decode_head.num_classes is {count}, the data set has '
            f'{len(classes)} classes ({", ".join(classes)}); set the one to '
            'the other'
        )
