"""Folders of runs, and a browser to look at their pages."""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config

from mmseg_medical.apis.labelled_maps import LabelledMaps
from mmseg_medical.converters.table import write_table
from mmseg_medical.evaluation.functional import (
    areas_of,
    dice,
    overlap_counts,
)

# Dice 0.8, 0, 1, and 1 for a mask and a prediction that are both empty.
COUNTS = [[8, 2, 2, 88], [0, 5, 0, 95], [10, 0, 0, 90], [0, 0, 0, 100]]


@pytest.fixture
def write_run(tmp_path) -> Callable[..., Path]:
    """Write a folder of a run from counts (n, 4) or (n, K, 4)."""

    def write(
        name: str = 'run',
        counts: Any = COUNTS,
        *,
        ids: Any = None,
        labels: Any = ('',),
        log: Any = (),
        empty: float = 1.0,
        **meta: Any,
    ) -> Path:
        folder = tmp_path / name
        table = np.asarray(counts).reshape(len(counts), -1, 4)
        columns = {'id': ids or [f'case_{k}' for k in range(len(table))]}
        values = {'dice': dice(table, empty=empty), **areas_of(table)}
        for key, of in values.items():
            for label, cells in zip(labels, of.T, strict=True):
                columns[f'{key}/{label}' if label else key] = cells.tolist()
        columns |= meta
        write_table(
            folder / 'per_image.csv',
            [*columns],
            zip(*columns.values(), strict=True),
        )
        if log:
            write_log(folder, log)
        return folder

    return write


def write_log(folder: Path, entries: Any, time: str = '20260102_030405'):
    path = folder / time / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(map(json.dumps, entries)) + '\n')


@pytest.fixture
def mapped(out_of_fold, write_run) -> Callable[..., tuple[Path, Path]]:
    """Write a run that was tested on the maps of ``out_of_fold``.

    Gives its folder and that of the maps.
    """

    def write(**changes: Any) -> tuple[Path, Path]:
        config, maps = out_of_fold(4, **changes)
        cfg = Config.fromfile(config)
        data = LabelledMaps(cfg, str(maps), hold_out=False)
        counts = [
            overlap_counts((one.probs > 127).astype(np.uint8), one.gt, 1)
            for one in data.over({''})
        ]
        organs = [data.samples[i]['organ'] for i in data.maps.ids]
        folder = write_run(
            'mapped', counts, ids=list(data.maps.ids), organ=organs
        )
        time = folder / '20260102_030405'
        (time / 'vis_data').mkdir(parents=True)
        cfg.dump(time / 'vis_data' / 'config.py')
        (time / f'{time.name}.json').write_text('{}')
        return folder, maps

    return write


class Browser:
    """A page in headless Chromium, asked by its DevTools over a pipe.

    Attributes:
        requests: Addresses that it has asked for.
        complaints: What it has said on its console.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self.commands, self.answers = commands, os.fdopen(answers, 'rb')
        self.number, self.session = 0, ''
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.ask('Target.createTarget', url='about:blank')
        found = self.ask('Target.attachToTarget', **target, flatten=True)
        self.session = found['sessionId']
        for part in ('Page', 'Runtime', 'Log', 'Network'):
            self.ask(f'{part}.enable')

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method, and note what happens meanwhile."""
        self.number += 1
        text = dict(id=self.number, method=method, params=params)
        if self.session:
            text['sessionId'] = self.session
        os.write(self.commands, json.dumps(text).encode() + b'\0')
        while True:
            said = self._read()
            if said.get('id') == self.number:
                assert 'error' not in said, said
                return said['result']

    def _read(self) -> dict[str, Any]:
        letters = bytearray()
        while (letter := self.answers.read(1)) != b'\0':
            assert letter, 'the browser has ended'
            letters += letter
        said = json.loads(letters)
        params = said.get('params', {})
        match said.get('method'):
            case 'Network.requestWillBeSent':
                self.requests.append(params['request']['url'])
            case 'Runtime.exceptionThrown':
                self.complaints.append(str(params['exceptionDetails']))
            case 'Runtime.consoleAPICalled':
                self.complaints.append(str(params['args']))
            case 'Log.entryAdded':
                self.complaints.append(params['entry']['text'])
        return said

    def open(self, path: Path, *, dark: bool = False) -> None:
        """Open a page, until it is loaded."""
        features = [
            dict(
                name='prefers-color-scheme', value='dark' if dark else 'light'
            )
        ]
        self.ask('Emulation.setEmulatedMedia', features=features)
        self.ask('Page.navigate', url=path.as_uri())
        for _ in range(200):
            if self.run('document.readyState') == 'complete':
                return
            time.sleep(0.05)
        raise AssertionError(f'{path} is not loaded')

    def run(self, script: str) -> Any:
        """Value of an expression of JavaScript."""
        found = self.ask(
            'Runtime.evaluate', expression=script, returnByValue=True
        )
        assert 'exceptionDetails' not in found, found
        return found['result'].get('value')

    def shoot(self, path: Path) -> None:
        """Write a picture of the whole page."""
        found = self.ask('Page.captureScreenshot', captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found['data']))


@pytest.fixture
def browser(tmp_path) -> Iterator[Browser]:
    """Headless Chromium without a network; skips where there is none."""
    command = shutil.which('chromium') or shutil.which('chromium-browser')
    if command is None:
        pytest.skip('no chromium; apt-get install chromium')
    there, here = os.pipe(), os.pipe()
    # It reads from 3 and writes to 4, which may be taken by other pipes.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (there[0], here[1])]
    script = f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}'
    process = subprocess.Popen(
        [
            *('bash', '-c', script, 'browser', command, '--headless=new'),
            *('--no-sandbox', '--disable-gpu', '--no-first-run'),
            *('--disable-background-networking', '--remote-debugging-pipe'),
            f'--user-data-dir={tmp_path / "profile"}',
            '--window-size=1200,1600',
        ],
        pass_fds=ends,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in (there[0], here[1], *ends):
        os.close(end)
    one = Browser(there[1], here[0])
    try:
        yield one
    finally:
        with contextlib.suppress(BrokenPipeError):
            one.session = ''
            one.ask('Browser.close')
        process.wait(20)
        os.close(there[1])
        one.answers.close()
