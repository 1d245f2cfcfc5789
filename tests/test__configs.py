from pathlib import Path

import pytest

from mmseg_medical import config_path


def test_the_path_of_a_config():
    path = Path(config_path('hubmap/segformer_mitb2.py'))
    assert path.is_file()
    assert path.parent.name == 'hubmap'
    base = path.parent / '../_base_/models/segformer_mit_b0.py'
    assert base.resolve().is_file()


def test_similar_names_are_offered():
    with pytest.raises(
        FileNotFoundError, match=r"similar: \['hubmap/segformer_mitb2\.py'"
    ):
        config_path('hubmap/segformer_mit-b2.py')
