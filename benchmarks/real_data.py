"""Ours beside a plain U-Net, trained on real images.

Usage: MMSEG_MEDICAL_DATA=… python -m benchmarks.real_data [ITERATIONS]

- Glands: fourteen H&E images of colon (folder ``hubmap_layout_tissue``),
  binary, by SegFormer-B0.
- X-rays: sixteen chests (folder ``cxr_lungs``), four classes that overlap,
  by U-Net ResNet-18.

The last four images of each validate; neighbours in the list of glands show
the same slide, so the border runs between two of them. All networks start from
random weights, and both of a table see the same batches. The numbers are of a
tiny run and say nothing about other data.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import segmentation_models_pytorch as smp
import torch
from mmengine.runner import Runner

import mmseg_medical
from mmseg_medical.apis import load_config, test, train
from mmseg_medical.apis.config import Config
from mmseg_medical.engine.loops import SeededLoader
from mmseg_medical.evaluation.functional import dice, overlap_counts

HELD_OUT = 4
RESULTS = Path(__file__).parent / 'REAL_DATA.md'
Scores = dict[str, float]


class Training(NamedTuple):
    """One table of the results.

    Attributes:
        title: Heading.
        folder: Folder of the data.
        model: What we train.
        configure: Changes the config of the demo; gets the folder of the
            data, and gives the names of its images in order.
    """

    title: str
    folder: str
    model: str
    configure: Callable[[Config, Path], list[str]]


def glands(cfg: Config, root: Path) -> list[str]:
    """Crops of 512² images, seen at 256²."""
    pipeline = cfg.train_dataloader.dataset.pipeline
    pipeline[0].update(scale=(0.4, 0.7), prob=1.0)
    pipeline[3].scale = (256, 256)
    for part in ('val', 'test'):
        cfg[f'{part}_dataloader'].dataset.pipeline[1].scale = (512, 512)
    return sorted(p.stem for p in (root / 'train_images').glob('700*'))


def xrays(cfg: Config, root: Path) -> list[str]:
    """Whole X-rays of any size as gray 256², classes of a file each."""
    classes = ('left_lung', 'right_lung', 'cardiomediastinum', 'airways')
    scale = (256, 256)
    load = [
        dict(type='LoadImageRegion', channels=1),
        dict(type='Resize', scale=scale, interpolation='area'),
    ]
    training = [
        dict(type='ChooseRandomRegion', scale=(0.7, 1.0), prob=0.7),
        load[0],
        dict(type='LoadMaskRegion'),
        load[1],
        dict(
            type='ApplyAlbumentations',
            transforms=[dict(type='RandomBrightnessContrast', p=0.5)],
        ),
        dict(type='PackMedicalInputs'),
    ]
    testing = [*load, dict(type='LoadMaskRegion')]
    testing.append(dict(type='PackMedicalInputs'))
    for part in ('train', 'val', 'test'):
        cfg[f'{part}_dataloader'].dataset = dict(
            type='FolderDataset',
            data_prefix=dict(
                img_path='images', seg_map_path='masks_per_class'
            ),
            seg_map_suffix='/{class}.png',
            metainfo=dict(classes=classes),
            pipeline=training if part == 'train' else testing,
            test_mode=part != 'train',
        )
    base = Config.fromfile(
        mmseg_medical.config_path('_base_/models/unet_smp.py')
    )
    losses = [dict(type='BCELoss'), dict(type='SoftDiceLoss')]
    model = dict(
        task='multilabel',
        data_preprocessor=dict(mean=[127.5], std=[64.0], bgr_to_rgb=False),
        backbone=dict(
            encoder_name='resnet18', encoder_weights=None, in_channels=1
        ),
        decode_head=dict(
            encoder_name='resnet18',
            num_classes=len(classes),
            loss_decode=losses,
        ),
    )
    base.merge_from_dict(dict(model=model))
    cfg.model = base.model
    cfg.tta_model.update(views=['identity'], variants=SCALES)
    return sorted(p.stem for p in (root / 'images').iterdir())


# A chest has a left and a right, so that views of it are scales.
SCALES = [dict(scale=0.85), dict(), dict(scale=1.15)]
TRAININGS = (
    Training('Glands', 'hubmap_layout_tissue', 'SegFormer-B0', glands),
    Training('X-rays', 'cxr_lungs', 'U-Net ResNet-18', xrays),
)


def make_config(
    training: Training, root: Path, folder: Path, iterations: int
) -> Config:
    """The demo's training on other data."""
    cfg = load_config(
        mmseg_medical.config_path('demo/segformer_mitb0.py'),
        work_dir=str(folder / 'work'),
    )
    names = training.configure(cfg, root)
    parts = dict(train=names[:-HELD_OUT], val=names[-HELD_OUT:])
    for part in ('train', 'val', 'test'):
        chosen = parts.get(part, parts['val'])
        split = folder / f'{part}.txt'
        split.write_text('\n'.join(chosen))
        dataset = cfg[f'{part}_dataloader'].dataset
        dataset.update(data_root=str(root), split=str(split))
    cfg.train_cfg.update(max_iters=iterations, val_interval=iterations)
    cfg.param_scheduler[1].end = iterations
    return cfg


def train_unet(cfg: Config, iterations: int) -> dict[str, Scores]:
    """Dice of a plain U-Net with a ResNet-18, as :func:`read_scores`."""
    loaders = [
        Runner.build_dataloader(cfg[f'{part}_dataloader'], seed=0)
        for part in ('train', 'test')
    ]
    batches = SeededLoader(loaders[0], 0)
    classes = loaders[0].dataset.metainfo['classes']
    overlapping = cfg.model.task == 'multilabel'
    scored = classes if overlapping else classes[1:]
    channels = len(cfg.model.data_preprocessor.mean)
    torch.manual_seed(0)
    model = smp.Unet(
        'resnet18',
        encoder_weights=None,
        in_channels=channels,
        classes=len(scored),
    )
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    decay = torch.optim.lr_scheduler.PolynomialLR(optimizer, iterations)
    by_overlap = smp.losses.DiceLoss('multilabel')
    by_pixel = torch.nn.BCEWithLogitsLoss()
    model.train()
    for _, data in zip(range(iterations), batches, strict=False):
        gt = [s.gt_sem_seg.data for s in data['data_samples']]
        gt = torch.stack(gt).float()
        logits = model(normalized(data['inputs']))
        loss = by_overlap(logits, gt) + by_pixel(logits, gt)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    model.eval()
    found = {}
    with torch.no_grad():
        for data in loaders[1]:
            (sample,) = data['data_samples']
            gt = sample.gt_sem_seg.data.numpy()
            logits = model(normalized(data['inputs']))
            logits = torch.nn.functional.interpolate(
                logits, gt.shape[1:], mode='bilinear'
            )
            counts = overlap_counts(
                (logits[0] > 0).numpy().astype(np.uint8), gt, len(scored)
            )
            scores = dice(counts).tolist()
            found[sample.img_id] = dict(zip(scored, scores, strict=True))
    return found


def normalized(inputs: list[torch.Tensor]) -> torch.Tensor:
    """(N, C, H, W) of about unit variance."""
    return (torch.stack(inputs).float() - 127.5) / 55


def read_scores(folder: Path) -> dict[str, Scores]:
    """Dice of each image and class, from the table of a test."""
    lines = (folder / 'per_image.csv').read_text().splitlines()
    header = lines[0].split(',')
    columns = [k for k, name in enumerate(header) if name.startswith('dice')]
    return {
        cells[0]: {header[k]: float(cells[k]) for k in columns}
        for cells in (line.split(',') for line in lines[1:])
    }


def table(rows: dict[str, dict[str, Scores]]) -> str:
    """Markdown: the mean, then each class, or else each image."""
    first = next(iter(rows.values()))
    labels = list(next(iter(first.values())))
    several = len(labels) > 1
    names = [x.removeprefix('dice/') for x in labels] if several else [*first]
    lines = [
        f'| | mean | {" | ".join(names)} |',
        f'|---|---|{"---|" * len(names)}',
    ]
    for label, scores in rows.items():
        values = np.array([[*s.values()] for s in scores.values()])
        parts = values.mean(0) if several else values[:, 0]
        cells = ' | '.join(f'{x:.4f}' for x in parts)
        lines.append(f'| {label} | {values.mean():.4f} | {cells} |')
    return '\n'.join(lines)


def run(training: Training, root: Path, iterations: int) -> str:
    """Train both, test both: a section of the results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def config() -> Config:
            return make_config(training, root, folder, iterations)

        rows = {}
        train(config())
        checkpoint = str(folder / 'work' / f'iter_{iterations}.pth')
        for label, tta in (('ours', False), ('ours, views merged', True)):
            test(config(), checkpoint, tta=tta)
            rows[f'{label} ({training.model})'] = read_scores(folder / 'work')
        unet = train_unet(config(), iterations)
        rows['U-Net ResNet-18 (segmentation-models-pytorch)'] = unet
    return f'## {training.title}\n\n{table(rows)}\n'


def main() -> None:
    """Run all trainings, write REAL_DATA.md."""
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    default = Path(__file__).parents[2] / 'shared' / 'data'
    data = Path(os.environ.get('MMSEG_MEDICAL_DATA', default)).resolve()
    text = (
        '# Real images, tiny runs\n\n'
        'Written by `python -m benchmarks.real_data`: Dice per held-out image '
        f'after {iterations} iterations of four crops of 256² from random '
        'weights, ten or twelve images to train on; with several classes, '
        'means over the images.\n'
    )
    for training in TRAININGS:
        text += f'\n{run(training, data / training.folder, iterations)}'
    print(text)
    RESULTS.write_text(text)


if __name__ == '__main__':
    main()
