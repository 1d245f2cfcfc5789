"""Ours beside a plain U-Net on real glands.

Usage: MMSEG_MEDICAL_DATA=… python -m benchmarks.glands [ITERATIONS]

Fourteen H&E images of colon glands (folder ``hubmap_layout_tissue``). The last
four validate: neighbours in the list show the same slide, so the border runs
between two of them. Both networks start from random weights and see the same
samples: batches of four crops that are resized to 256². The numbers are of a
tiny run and say nothing about other data.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import segmentation_models_pytorch as smp
import torch
from mmengine.runner import Runner

import mmseg_medical
from mmseg_medical.apis import load_config, test, train
from mmseg_medical.apis.config import Config
from mmseg_medical.engine.loops import SeededLoader
from mmseg_medical.evaluation.functional import dice, overlap_counts

HELD_OUT = ('70071', '70078', '70085', '70092')
RESULTS = Path(__file__).parent / 'GLANDS.md'


def make_config(root: Path, folder: Path, iterations: int) -> Config:
    """SegFormer-B0 for 512² images, trained on crops."""
    names = sorted(p.stem for p in (root / 'train_images').glob('700*.tiff'))
    parts = {
        'train': [n for n in names if n not in HELD_OUT],
        'val': [n for n in names if n in HELD_OUT],
    }
    for part, chosen in parts.items():
        (folder / f'{part}.txt').write_text('\n'.join(chosen))
    cfg = load_config(
        mmseg_medical.config_path('demo/segformer_mitb0.py'),
        work_dir=str(folder / 'work'),
    )
    for part in ('train', 'val', 'test'):
        dataset = cfg[f'{part}_dataloader'].dataset
        dataset.data_root = str(root)
        split = 'train' if part == 'train' else 'val'
        dataset.split = str(folder / f'{split}.txt')
    training = cfg.train_dataloader.dataset.pipeline
    training[0].update(scale=(0.4, 0.7), prob=1.0)
    training[3].scale = (256, 256)
    for part in ('val', 'test'):
        cfg[f'{part}_dataloader'].dataset.pipeline[1].scale = (512, 512)
    cfg.train_cfg.update(max_iters=iterations, val_interval=iterations)
    cfg.param_scheduler[1].end = iterations
    return cfg


def batches(cfg: Config) -> tuple[SeededLoader, Any]:
    """The batches that our training sees, and the images of its test."""
    loaders = [
        Runner.build_dataloader(cfg[f'{part}_dataloader'], seed=0)
        for part in ('train', 'test')
    ]
    return SeededLoader(loaders[0], 0), loaders[1]


def normalized(inputs: list[torch.Tensor]) -> torch.Tensor:
    """(N, 3, H, W) of about unit variance."""
    return (torch.stack(inputs).float() - 127.5) / 55


def train_unet(cfg: Config, iterations: int) -> dict[str, float]:
    """Dice per image of a plain U-Net with a ResNet-18."""
    torch.manual_seed(0)
    model = smp.Unet('resnet18', encoder_weights=None)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    decay = torch.optim.lr_scheduler.PolynomialLR(optimizer, iterations)
    by_overlap = smp.losses.DiceLoss('binary')
    by_pixel = torch.nn.BCEWithLogitsLoss()
    loader, tests = batches(cfg)
    model.train()
    for _, data in zip(range(iterations), loader, strict=False):
        gt = [s.gt_sem_seg.data for s in data['data_samples']]
        gt = torch.stack(gt).float()
        logits = model(normalized(data['inputs']))
        loss = by_overlap(logits, gt) + by_pixel(logits, gt)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    model.eval()
    scores = {}
    with torch.no_grad():
        for data in tests:
            (sample,) = data['data_samples']
            pred = model(normalized(data['inputs']))[0] > 0
            counts = overlap_counts(
                pred[0].numpy().astype(np.uint8),
                sample.gt_sem_seg.data[0].numpy(),
                2,
            )
            scores[sample.img_id] = float(dice(counts)[1])
    return scores


def read_scores(folder: Path) -> dict[str, float]:
    """Dice per image from the table of a test."""
    lines = (folder / 'per_image.csv').read_text().splitlines()[1:]
    return {x.split(',')[0]: float(x.split(',')[1]) for x in lines}


def main() -> None:
    """Train both, test both, write GLANDS.md."""
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    default = Path(__file__).parents[2] / 'shared' / 'data'
    root = Path(os.environ.get('MMSEG_MEDICAL_DATA', default))
    root = (root / 'hubmap_layout_tissue').resolve()
    rows = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        train(make_config(root, folder, iterations))
        seconds = {'ours': time.perf_counter() - begin}
        checkpoint = str(folder / 'work' / f'iter_{iterations}.pth')
        for label, tta in (('ours', False), ('ours, eight views', True)):
            test(make_config(root, folder, iterations), checkpoint, tta=tta)
            rows[f'{label} (SegFormer-B0)'] = read_scores(folder / 'work')
        begin = time.perf_counter()
        unet = train_unet(make_config(root, folder, iterations), iterations)
        seconds['U-Net'] = time.perf_counter() - begin
        rows['U-Net ResNet-18 (segmentation-models-pytorch)'] = unet
    names = sorted(unet)
    table = [
        f'| | mean | {" | ".join(names)} |',
        f'|---|---|{"---|" * len(names)}',
    ]
    for label, scores in rows.items():
        mean = np.mean([scores[n] for n in names])
        cells = ' | '.join(f'{scores[n]:.4f}' for n in names)
        table.append(f'| {label} | {mean:.4f} | {cells} |')
    text = (
        '# Real glands, a tiny run\n\n'
        'Written by `python -m benchmarks.glands`: Dice per held-out image '
        f'after {iterations} iterations of four 256² crops from random '
        'weights, ten images to train on; '
        f'{seconds["ours"]:.0f} s and {seconds["U-Net"]:.0f} s on '
        f'{os.cpu_count()} cores.\n\n' + '\n'.join(table) + '\n'
    )
    print(text)
    RESULTS.write_text(text)


if __name__ == '__main__':
    main()
