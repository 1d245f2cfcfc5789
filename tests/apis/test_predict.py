import json

import cv2
import numpy as np
import pytest

from mmseg_medical._files import locked
from mmseg_medical.apis.inferencer import MedicalInferencer
from mmseg_medical.apis.predict import predict


@pytest.fixture
def images(trained, tmp_path):
    folder = tmp_path / 'images'
    for name in ('a/101', 'b/101', '102', '103'):
        path = folder / f'{name}.tiff'
        path.parent.mkdir(parents=True, exist_ok=True)
        source = trained.root / 'train_images' / f'{name[-3:]}.tiff'
        path.write_bytes(source.read_bytes())
    return folder


@pytest.fixture
def inferencer(trained):
    return MedicalInferencer(trained.config, str(trained.checkpoint), 'cpu')


def names(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob('*')
        if path.is_file() and path.name != '.lock'
    )


def test_a_killed_run_goes_on(inferencer, images, tmp_path, monkeypatch):
    out = tmp_path / 'out'
    whole = predict(inferencer, [images], out)
    assert whole == (4, 0, 0, [])
    expected = names(out)
    assert {f'masks/{k}.png' for k in ('a/101', 'b/101', '102', '103')} < {
        *expected
    }
    pictures = {n: (out / n).read_bytes() for n in expected}
    other = tmp_path / 'other'
    step, calls = inferencer.model.network.test_step, []

    def killed(data):
        calls.append(data)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return step(data)

    monkeypatch.setattr(inferencer.model.network, 'test_step', killed)
    with pytest.raises(KeyboardInterrupt):
        predict(inferencer, [images], other)
    assert len([n for n in names(other) if n.endswith('.png')]) == 2
    done = predict(inferencer, [images], other)
    assert done == (2, 2, 0, [])
    assert len(calls) == 5
    assert {n: (other / n).read_bytes() for n in names(other)} == pictures
    assert predict(inferencer, [images], other) == (0, 4, 0, [])


def test_further_kinds_and_images_are_added(inferencer, images, tmp_path):
    out = tmp_path / 'out'
    predict(inferencer, [images / 'a'], out, write=['probs'])
    kinds = ['masks', 'probs', 'rle']
    done = predict(inferencer, [images / 'b', images / 'a'], out, write=kinds)
    assert (done.written, done.there) == (2, 0)  # of other ids
    listed = json.loads((out / 'probs' / 'maps.json').read_text())['ids']
    assert sorted(listed) == ['101', 'a/101', 'b/101']
    table = (out / 'rle.csv').read_text().splitlines()
    assert table[0] == 'id,img_height,img_width,rle'
    assert sorted(row.split(',')[0] for row in table[1:]) == ['a/101', 'b/101']


def test_one_bad_file_does_not_stop_the_others(inferencer, images, tmp_path):
    (images / 'broken.png').write_bytes(b'no image')
    cv2.imwrite(str(images / 'gray.png'), np.zeros((8, 8), np.uint8))
    (images / 'notes.txt').write_text('x')
    out = tmp_path / 'out'
    done = predict(inferencer, [images], out, batch_size=3, num_workers=1)
    assert (done.written, done.there, done.others) == (4, 0, 1)
    broken, gray = sorted(map(str, done.errors))
    assert 'broken.png' in broken
    assert 'gray.png has 1 channel(s), the model takes 3' in gray
    assert len([n for n in names(out) if n.endswith('.png')]) == 4
    assert not any('broken' in name for name in names(out))
    # Mended, it alone is predicted.
    (images / 'broken.png').unlink()
    (images / 'gray.png').write_bytes((images / '102.tiff').read_bytes())
    (images / 'gray.png').rename(images / 'new.tiff')
    done = predict(inferencer, [images], out)
    assert (done.written, done.there, done.errors) == (1, 4, [])


def test_tables_that_cannot_hold_an_image(inferencer, images, tmp_path):
    done = predict(
        inferencer, [images], tmp_path / 'out', write=['rle'], rle='siim'
    )
    assert done.written == 0
    assert len(done.errors) == 4
    assert '(64, 80) pixels' in str(done.errors[0])
    assert not (tmp_path / 'out' / 'rle.csv').exists()


def test_places_that_cannot_be(inferencer, images, tmp_path):
    for out in (images, images / 'out', images / 'a' / 'b'):
        with pytest.raises(ValueError, match=r'lies within .*next run'):
            predict(inferencer, [images], out)
        assert not (out / 'predictions.json').exists()
    beside = tmp_path / 'images_out'
    assert predict(inferencer, [images / '102.tiff'], beside).written == 1


def test_what_another_model_wrote_is_refused(
    inferencer, trained, images, tmp_path
):
    out = tmp_path / 'out'
    predict(inferencer, [images], out)
    before = names(out)
    for options, key in (
        (dict(mask_thr=0.3), 'postprocess'),
        (dict(tta=True), ''),
        (dict(channels=3), 'pipeline'),
    ):
        other = MedicalInferencer(
            trained.config, str(trained.checkpoint), 'cpu', **options
        )
        if key:
            message = f'predictions of another model: {key} there'
            with pytest.raises(ValueError, match=message):
                predict(other, [images], out, write=['overlay'])
        else:
            with pytest.raises(ValueError, match='of another model: merge'):
                predict(other, [images], out, write=['overlay'])
    assert names(out) == before


def test_one_process_writes_a_folder(inferencer, images, tmp_path):
    out = tmp_path / 'out'
    with locked(out):  # the own process is let in
        assert predict(inferencer, [images / 'a'], out).written == 1
    with pytest.raises(ValueError, match='unknown output pictures: expected'):
        predict(inferencer, [images], out, write=['pictures'])
    with pytest.raises(FileNotFoundError, match='gone does not exist'):
        predict(inferencer, [tmp_path / 'gone'], tmp_path / 'out2')
    assert not (tmp_path / 'out2').exists()
