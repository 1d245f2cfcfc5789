"""Trees that owners publish."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mmseg_medical.datasets.checks.finding import plural
from mmseg_medical.datasets.layouts.layout import Layout
from mmseg_medical.datasets.layouts.tree import Tree
from mmseg_medical.datasets.stas import STASDataset


def hubmap(tree: Tree) -> Iterator[Layout]:
    """HuBMAP + HPA 2022."""
    needed = {'id', 'organ', 'img_height', 'img_width', 'pixel_size'}
    parts: dict[str, Any] = {}
    for part in ('train', 'test'):
        known = needed <= set(tree.columns(f'{part}.csv'))
        if known and tree.images(f'{part}_images'):
            parts[part] = dict(type='HuBMAPDataset', ann_file=f'{part}.csv')
    if 'train' in parts:
        count = len(tree.images('train_images'))
        yield Layout(
            'hubmap',
            'HuBMAP + HPA 2022',
            'train.csv with organ and pixel_size, '
            f'{plural(count, "file")} in train_images',
            parts,
        )


def hubmap_kidney(tree: Tree) -> Iterator[Layout]:
    """HuBMAP 2021, Hacking the Kidney."""
    if {'id', 'encoding'} <= set(tree.columns('train.csv')):
        yield Layout(
            'hubmap_kidney',
            'HuBMAP 2021, Hacking the Kidney',
            'train.csv with id and encoding',
            {'train': dict(type='HuBMAPKidneyDataset')},
        )


def uw_madison(tree: Tree) -> Iterator[Layout]:
    """UW-Madison GI tract."""
    slices = tree.match('train/case*/case*_day*/scans/slice_*.png')
    columns = set(tree.columns('train.csv'))
    if slices and {'id', 'class', 'segmentation'} <= columns:
        yield Layout(
            'uw_madison',
            'UW-Madison GI tract 2022',
            'train.csv with id, class and segmentation, '
            f'{plural(len(slices), "slice")} in '
            'train/case…/case…_day…/scans',
            {'train': dict(type='UWMadisonDataset')},
        )


def siim(tree: Tree) -> Iterator[Layout]:
    """SIIM-ACR pneumothorax, stage 1 and 2."""
    images = [n for n in tree.files if n.lower().endswith('.dcm')]
    for name in tree.match('*.csv') if images else ():
        columns = tree.columns(name)
        bare = len(columns) == 2 and columns[0].startswith('1.2.276.')
        sample = 'sample_submission' in name
        if sample or not (bare or {'ImageId', 'EncodedPixels'} <= {*columns}):
            continue
        yield Layout(
            'siim_stage_2' if 'stage_2' in name else 'siim',
            'SIIM-ACR pneumothorax 2019',
            f'{name} with ImageId and EncodedPixels, {len(images)} .dcm',
            {'train': dict(type='SIIMDataset', ann_file=name)},
        )


def stas(tree: Tree) -> Iterator[Layout]:
    """AI CUP 2022 STAS."""
    for top in ('SEG_Train_Datasets/', ''):
        found = [
            n for n in STASDataset.ANNOTATIONS if tree.folders.get(top + n)
        ]
        if found and tree.images(f'{top}Train_Images'):
            yield Layout(
                'stas',
                'AI CUP 2022 STAS',
                f'{top}Train_Images beside {found[0]}',
                {'train': dict(type='STASDataset')},
            )
            return


def nuclei_masks(tree: Tree) -> Iterator[Layout]:
    """CodaLab and DSB2018: a folder per image, a mask per nucleus."""
    steps = [name.split('/') for name in tree.match('*/*/masks/*.png')]
    masks = Counter(
        s[0]
        for s in steps
        if len(s) == 4 and '/'.join([*s[:2], 'images']) in tree.folders
    )
    parts = {
        part.removeprefix('stage1_'): dict(
            type='NucleiDataset', data_prefix=dict(img_path=part)
        )
        for part in sorted(masks)
    }
    if parts:
        said = ', '.join(f'{n:,} in {part}' for part, n in masks.items())
        yield Layout(
            'nuclei',
            'Nuclei, one mask each (CodaLab, DSB2018)',
            f'masks of single objects in <id>/masks beside images: {said}',
            parts,
        )


def monuseg(tree: Tree) -> Iterator[Layout]:
    """MoNuSeg: TIFF with the XML of ImageScope."""
    if tree.match('Annotations/*.xml') and tree.images('Tissue Images'):
        yield Layout(
            'monuseg',
            'MoNuSeg',
            'Annotations/*.xml beside Tissue Images',
            {'train': dict(type='NucleiDataset', annotation_format='aperio')},
        )


OWNERS = (
    *(hubmap, hubmap_kidney, uw_madison, siim, stas, nuclei_masks, monuseg),
)
