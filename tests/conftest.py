"""Factories of tiny inputs in real formats; no test reaches the network."""

import contextlib
import csv
import importlib
import importlib.util
import io
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import torch
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.visualization import Visualizer

import mmseg_medical
from mmseg_medical.apis import load_config, train
from mmseg_medical.converters import rle
from mmseg_medical.converters.probability_maps import ProbabilityMaps
from mmseg_medical.utils import register_all_modules

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser):
    parser.addoption('--slow', action='store_true', help='run slow tests too')


def pytest_collection_modifyitems(config, items):
    if not config.getoption('--slow'):
        skip = pytest.mark.skip(reason='slow; run with --slow')
        for item in items:
            if 'slow' in item.keywords:
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(self, address, *_):
        if self.family == socket.AF_UNIX or address[0] in (
            '127.0.0.1',
            '::1',
            'localhost',
        ):
            return connect(self, address)
        raise OSError(f'tests do not reach the network: {address}')

    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, 'connect', refuse)


@pytest.fixture(autouse=True, scope='session')
def _scope():
    register_all_modules()


@pytest.fixture(autouse=True, scope='session')
def _quick_mmengine():
    """No work of mmengine that only logs: most of the time of a tiny run."""
    figure = Visualizer._initialize_fig(None, dict(frameon=False))
    with pytest.MonkeyPatch.context() as patch:
        # It lays the text of a config out anew for every file,
        patch.setattr(
            'yapf.yapflib.yapf_api.FormatCode', lambda code, **_: (code, True)
        )
        # asks compilers for their version,
        patch.setattr('mmengine.runner.runner.collect_env', dict)
        # collects the garbage of all modules for each data set,
        patch.setattr(
            'mmengine.dataset.base_dataset.gc', SimpleNamespace(collect=int)
        )
        # and makes a figure for each run.
        patch.setattr(Visualizer, '_initialize_fig', lambda *_: figure)
        yield


@pytest.fixture(autouse=True)
def _own_loaders(monkeypatch):
    _keep_loaders(monkeypatch)


def _keep_loaders(monkeypatch):
    """Undo with the patches what a tool changes of mmengine."""
    monkeypatch.setattr(
        CheckpointLoader, '_schemes', dict(CheckpointLoader._schemes)
    )


@pytest.fixture(autouse=True)
def _seeded():
    np.random.seed(0)


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Folder of a real data set; skips where there is none."""
    default = ROOT.parent / 'shared' / 'data'
    root = Path(os.environ.get('MMSEG_MEDICAL_DATA', default))

    def folder(name: str) -> Path:
        path = root / name
        if not path.is_dir():
            pytest.skip(f'no {path}; set MMSEG_MEDICAL_DATA')
        return path

    return folder


@pytest.fixture
def tool() -> Callable[[str], ModuleType]:
    """Load a command-line tool by name, to call its ``main(argv)``."""

    def load(name: str) -> ModuleType:
        path = ROOT / 'tools' / f'{name}.py'
        spec = importlib.util.spec_from_file_location(f'tools_{name}', path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def he_tile(size: int = 96, seed: int = 0) -> np.ndarray:
    """Synthetic H&E tile (size, size, 3) uint8 RGB: nuclei on eosin."""
    rng = np.random.default_rng(seed)
    haematoxylin = np.zeros((size, size), np.float32)
    for x, y in rng.integers(0, size, (size // 4, 2)).tolist():
        cv2.circle(haematoxylin, (x, y), 4, float(rng.uniform(0.8, 1.6)), -1)
    eosin = 0.3 + 0.5 * cv2.GaussianBlur(
        rng.random((size, size)).astype(np.float32), (0, 0), 3
    )
    haematoxylin = cv2.GaussianBlur(haematoxylin, (0, 0), 1)
    density = haematoxylin[..., None] * [0.65, 0.70, 0.29] + eosin[
        ..., None
    ] * [0.07, 0.99, 0.11]
    density += rng.normal(0, 0.01, density.shape)
    return np.clip(240 * np.exp(-density), 0, 255).astype(np.uint8)


@pytest.fixture
def dicom(tmp_path) -> Callable[..., Path]:
    """Write a DICOM file: stored numbers and further elements by keyword."""

    def write(
        pixels: np.ndarray,
        name: str = 'a.dcm',
        *,
        syntax: str = '1.2.840.10008.1.2.1',
        encode: Callable[[np.ndarray], bytes] | None = None,
        frames: int = 1,
        **elements: object,
    ) -> Path:
        pydicom = pytest.importorskip('pydicom')
        meta = pydicom.dataset.FileMetaDataset()
        meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        meta.MediaStorageSOPInstanceUID = '1.2.3'
        meta.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.1.1.7'
        ds = pydicom.Dataset()
        ds.file_meta = meta
        first = pixels[0] if frames > 1 else pixels
        ds.Rows, ds.Columns = first.shape[:2]
        ds.SamplesPerPixel = 1 if first.ndim == 2 else first.shape[2]
        ds.PhotometricInterpretation = 'MONOCHROME2'
        if first.ndim == 3:
            ds.PhotometricInterpretation, ds.PlanarConfiguration = 'RGB', 0
        ds.BitsAllocated = ds.BitsStored = 8 * pixels.itemsize
        ds.PixelRepresentation = int(pixels.dtype.kind == 'i')
        if frames > 1:
            ds.NumberOfFrames = frames
        little = syntax != '1.2.840.10008.1.2.2'
        if encode:
            parts = [encode(p) for p in (pixels if frames > 1 else [pixels])]
            ds.PixelData = pydicom.encaps.encapsulate(parts)
            ds['PixelData'].VR = 'OB'
        else:
            stored = pixels.astype(pixels.dtype.newbyteorder('<>'[not little]))
            ds.PixelData = stored.tobytes() + b'\0' * (stored.nbytes % 2)
            ds['PixelData'].VR = 'OW' if pixels.itemsize > 1 else 'OB'
        for keyword, value in elements.items():
            setattr(ds, keyword, value)
        ds.HighBit = ds.BitsStored - 1
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ds.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def tissue() -> Callable[..., np.ndarray]:
    return he_tile


COLUMNS = (
    'id,organ,data_source,img_height,img_width,pixel_size,tissue_thickness,'
    'rle,age,sex'
).split(',')


def write_hubmap(
    root: Path, count: int, size: tuple[int, int], **changes: object
) -> Path:
    """Write a data set in HuBMAP's layout: dark discs on pale tissue."""
    for folder in ('train_images', 'train_annotations'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    rows = []
    for k in range(count):
        mask = np.zeros(size, np.uint8)
        x, y = rng.integers(16, min(size) - 16, 2).tolist()
        cv2.circle(mask, (x, y), 14, 1, -1)
        noise = rng.integers(-20, 20, (*size, 3))
        img = np.where(mask[..., None], (120, 60, 130), (225, 190, 215))
        img = np.clip(img + noise, 0, 255).astype(np.uint8)
        name = str(101 + k)
        tifffile.imwrite(
            root / 'train_images' / f'{name}.tiff',
            img,
            photometric='rgb',
            compression='lzw',
            tile=(32, 32),
        )
        outline = cv2.findContours(mask, 0, 1)[0][0][:, 0].tolist()
        (root / 'train_annotations' / f'{name}.json').write_text(
            str([outline])
        )
        row = dict(
            zip(
                COLUMNS,
                (
                    *(name, ('kidney', 'lung')[k % 2], 'HPA', *size),
                    *(0.4, 4, rle.encode(mask, 'hubmap'), 37, 'Male'),
                ),
                strict=True,
            )
        )
        row.update(changes)
        rows.append(row)
    with open(root / 'train.csv', 'w', newline='') as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return root


@pytest.fixture
def hubmap(tmp_path) -> Callable[..., Path]:
    """Write a data set in HuBMAP's layout."""

    def write(
        count: int = 4, size: tuple[int, int] = (64, 80), **changes: object
    ) -> Path:
        return write_hubmap(tmp_path / 'hubmap', count, size, **changes)

    return write


def write_config(
    path: Path, data_root: Path, iterations: int = 4, extra: str = ''
) -> str:
    """Write a config for a network of a few thousand weights."""
    path.write_text(
        f"""
_base_ = [{mmseg_medical.config_path('demo/segformer_mitb0.py')!r}]
train_pipeline = _base_.train_pipeline
train_pipeline[3].scale = (64, 64)
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (64, 64)
model = dict(
    backbone=dict(
        embed_dims=8, num_layers=[1, 1, 1, 1], num_heads=[1, 1, 2, 2]
    ),
    decode_head=dict(in_channels=[8, 8, 16, 16], channels=32),
)
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False,
    dataset=dict(data_root={str(data_root)!r}, split=None, fold=0,
                 num_folds=2, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(data_root={str(data_root)!r}, split=None, fold=0,
                 num_folds=2, pipeline=test_pipeline),
)
test_dataloader = val_dataloader
train_cfg = dict(max_iters={iterations}, val_interval={iterations})
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(interval=2, max_keep_ckpts=-1),
)
{extra}
"""
    )
    return str(path)


@pytest.fixture
def tiny_config(tmp_path) -> Callable[..., str]:
    """Write a config for a network of a few thousand weights."""

    def write(data_root: Path, iterations: int = 4, extra: str = '') -> str:
        # mmengine tells runs apart by the name of the config and the second.
        path = tmp_path / f'{tmp_path.name}.py'
        return write_config(path, data_root, iterations, extra)

    return write


class Terminal(io.StringIO):
    """Text that was written to a terminal."""

    def isatty(self) -> bool:
        return True

    def rows(self) -> list[str]:
        """What it shows, for one that knows carriage returns."""
        return shown(self.getvalue())


def shown(text: str) -> list[str]:
    """Rows that a terminal shows after this text."""
    rows, column = [''], 0
    for character in text:
        if character == '\n':
            rows.append('')
            column = 0
        elif character == '\r':
            column = 0
        else:
            row = rows[-1].ljust(column)
            rows[-1] = row[:column] + character + row[column + 1 :]
            column += 1
    return [row.rstrip() for row in rows]


@pytest.fixture
def screen() -> Callable[[str], list[str]]:
    """Rows that a terminal shows after a text."""
    return shown


@pytest.fixture
def streams() -> Callable[..., contextlib.AbstractContextManager[io.StringIO]]:
    """Let both standard streams be a terminal, or a log, for a block."""

    @contextlib.contextmanager
    def redirect(terminal: bool = True) -> Iterator[io.StringIO]:
        file = Terminal() if terminal else io.StringIO()
        with (
            contextlib.redirect_stdout(file),
            contextlib.redirect_stderr(file),
        ):
            yield file

    return redirect


@pytest.fixture
def events() -> Callable[..., dict[str, list[tuple[int, object]]]]:
    """Read what a run in a folder has told TensorBoard.

    Gives steps with values, or sizes (w, h) of pictures, by name.
    """
    module = 'tensorboard.backend.event_processing.event_accumulator'
    pytest.importorskip('tensorboard')

    def read(folder: Path) -> dict[str, list[tuple[int, object]]]:
        (file,) = folder.rglob('events.out.tfevents.*')
        kept = dict(scalars=0, images=0)  # all
        found = importlib.import_module(module).EventAccumulator(
            str(file), size_guidance=kept
        )
        found.Reload()
        tags = found.Tags()
        scalars = {
            name: [(one.step, one.value) for one in found.Scalars(name)]
            for name in tags['scalars']
        }
        return scalars | {
            name: [
                (one.step, (one.width, one.height))
                for one in found.Images(name)
            ]
            for name in tags['images']
        }

    return read


@pytest.fixture
def out_of_fold(hubmap, tiny_config, tmp_path) -> Callable[..., Any]:
    """Write maps of folds, as a model that is too careful in kidneys.

    Gives the path of the config and the folder of the maps. Tissue units of
    kidneys have probabilities around 0.35, those of lungs around 0.8; beside
    them are specks of 0.9, of 4 to 9 pixels.
    """

    def write(
        count: int = 8, *, folds: int = 2, seed: int = 0, **changes: Any
    ) -> tuple[str, Path]:
        root = hubmap(count)
        with (root / 'train.csv').open() as file:
            rows = list(csv.DictReader(file))
        rng = np.random.default_rng(seed)
        options = dict(
            task='binary',
            classes=('background', 'functional tissue unit'),
            postprocess=dict(mask_thr=0.5),
            origin=dict(dataset='HuBMAPDataset'),
        )
        for fold in range(folds):
            # Each has both organs, which take turns.
            held_out = [
                row for k, row in enumerate(rows) if k // 2 % folds == fold
            ]
            maps = ProbabilityMaps(
                tmp_path / 'oof' / f'fold_{fold}',
                ids=[row['id'] for row in held_out],
                **{**options, **changes},
            )
            maps.start()
            for row in held_out:
                gt = rle.decode(row['rle'], (64, 80), 'hubmap')
                height = 0.35 if row['organ'] == 'kidney' else 0.8
                probs = cv2.GaussianBlur(gt * height, (0, 0), 2)
                probs += rng.normal(0, 0.03, probs.shape)
                for y, x in rng.integers(0, 60, (6, 2)).tolist():
                    side = 2 + y % 2
                    probs[y : y + side, x : x + side] = 0.9
                maps.write(row['id'], probs.clip(0, 1)[None])
        names = [f'fold_{fold}' for fold in range(folds)]
        ProbabilityMaps.join(tmp_path / 'oof', names)
        return tiny_config(root), tmp_path / 'oof'

    return write


@pytest.fixture(scope='session')
def trained(tmp_path_factory) -> SimpleNamespace:
    """One tiny training for all tests, which leave its files as they are.

    It has ``root`` of the data, ``config``, ``checkpoint``, and ``bare``, a
    copy of its folder from before any test: a test writes a config there.
    """
    folder = tmp_path_factory.mktemp('trained')
    root = write_hubmap(folder / 'hubmap', 4, (64, 80))
    config = write_config(folder / 'tiny.py', root, 2)
    with pytest.MonkeyPatch.context() as patch:
        _keep_loaders(patch)
        train(load_config(config, work_dir=str(folder / 'work')))
    return SimpleNamespace(
        root=root,
        config=config,
        checkpoint=folder / 'work' / 'iter_2.pth',
        bare=shutil.copytree(folder / 'work', folder / 'bare'),
    )


@pytest.fixture
def small_network() -> str:
    """Lines for ``tiny_config``: batch norm in the backbone and the head."""
    return """
model = dict(
    backbone=dict(
        _delete_=True, type='ResNetV1c', depth=18, stem_channels=8,
        base_channels=4, norm_cfg=dict(type='BN'), out_indices=(0, 1, 2, 3),
    ),
    decode_head=dict(
        _delete_=True, type='FCNHead', in_channels=32, in_index=3,
        channels=8, num_convs=1, concat_input=False, dropout_ratio=0.1,
        norm_cfg=dict(type='BN'), num_classes=2,
        loss_decode=[dict(type='CELoss')],
    ),
)
train_pipeline[3].scale = (32, 32)
test_pipeline[1].scale = (32, 32)
"""


@pytest.fixture
def free_port() -> str:
    """A port that no other test run on this machine has."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return str(free.getsockname()[1])


@pytest.fixture
def on_two_ranks(
    monkeypatch, free_port
) -> Callable[[Callable[[], None]], None]:
    """Call a function in two processes, as torchrun starts them."""

    def call(function: Callable[[], None]) -> None:
        for key, value in dict(
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=free_port,
            WORLD_SIZE=2,
            GLOO_SOCKET_IFNAME='lo',
        ).items():
            monkeypatch.setenv(key, str(value))

        def on_rank(rank: int) -> None:
            os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
            torch.set_num_threads(1)
            function()

        fork = multiprocessing.get_context('fork')
        ranks = [fork.Process(target=on_rank, args=(k,)) for k in range(2)]
        for rank in ranks:
            rank.start()
        for rank in ranks:
            rank.join(120)
        assert [rank.exitcode for rank in ranks] == [0, 0]

    return call


@pytest.fixture
def clean_environment() -> dict[str, str]:
    """Environment for processes that a test starts."""
    return {
        **os.environ,
        'OMP_NUM_THREADS': '1',
        'PYTHON': sys.executable,
        'PYTHONPATH': '',
    }


_HOLD = """
import fcntl, sys
file = open(sys.argv[1], 'w')
fcntl.flock(file, fcntl.LOCK_EX)
print('held', flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held_by_another():
    """Lock a folder from another process, for a block."""

    @contextlib.contextmanager
    def hold(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with subprocess.Popen(
            [sys.executable, '-c', _HOLD, str(folder / '.lock')],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other:
            assert other.stdout.readline() == b'held\n'
            yield
            other.kill()

    return hold
