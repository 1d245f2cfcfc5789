"""What a test that finds instances leaves behind: their label images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from mmseg_medical._files import inside, replacing
from mmseg_medical.converters.label_map import annotations_of_objects
from mmseg_medical.converters.ome_tiff import SUFFIXES, write_image
from mmseg_medical.converters.record import Record
from mmseg_medical.datasets.listing import sample_name
from mmseg_medical.errors import InputError
from mmseg_medical.postprocessing.instances import instance_types


@HOOKS.register_module()
class SaveInstancesHook(Hook):
    """Write the instances of each test image: ``<id>.ome.tiff``.

    Ids are numbers of 16 or 32 bits, with the class and the score of each
    instance beside them; ``tools/convert.py`` makes any other format of them.

    Args:
        out_dir: Folder to write to; files of the same images there are
            replaced.
        types: Names of the classes that instances are of; by default the
            first one that is not the background.

    Raises:
        InputError: If a type is none of the classes, or the model finds no
            instances.
    """

    def __init__(self, out_dir: str, *, types: Sequence[str] = ()) -> None:
        self.out_dir = Path(out_dir)
        self.types = tuple(types)

    def before_test(self, runner: Any) -> None:
        self.classes = list(runner.test_dataloader.dataset.metainfo['classes'])
        types = self.types or self.classes[1:2] or self.classes
        unknown = [name for name in types if name not in self.classes]
        if unknown:
            raise InputError(
                f'type {unknown[0]!r} is none of the classes '
                f'{", ".join(self.classes)}'
            )
        self.indices = [self.classes.index(name) for name in types]

    def after_test_iter(
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Sequence[Any] = (),
    ) -> None:
        for sample in outputs:
            name = sample_name(sample)
            if 'pred_inst_map' not in sample:
                raise InputError(
                    'the model finds no instances: set '
                    "model.test_cfg.instances, as dict(type='HVDecoder')"
                )
            ids = sample.pred_inst_map.data.cpu().numpy()[0]
            labels = sample.pred_sem_seg.data.cpu().numpy()
            types = instance_types(ids, labels, self.indices)
            names = [self.classes[k] for k in types]
            scores = [float(one) for one in sample.get('instance_scores')]
            found = annotations_of_objects(
                *(ids, names), scores=scores, where=name
            )
            size = sample.get('pixel_size')
            record = Record(
                *(name, ids.shape, found),
                properties={} if size is None else dict(pixel_size=size),
            )
            path = inside(self.out_dir, f'{name}{SUFFIXES[0]}')
            with replacing(path) as temporary:
                write_image(
                    *(record, temporary),
                    classes=[self.classes[k] for k in self.indices],
                    content='objects',
                    name=path.name,
                )
