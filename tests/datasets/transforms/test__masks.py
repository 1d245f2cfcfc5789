from mmseg_medical.datasets.transforms import LoadMaskRegion
from mmseg_medical.datasets.transforms._masks import SOURCES


def test_the_sources_are_those_of_the_documentation():
    for key in SOURCES:
        assert f'``{key}``' in LoadMaskRegion.__doc__
