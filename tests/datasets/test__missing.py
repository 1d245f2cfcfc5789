from mmseg_medical.datasets._missing import archives, missing_files


def test_the_first_missing_file_of_each_sample(tmp_path):
    for name in ('a.png', 'b.png'):
        (tmp_path / name).touch()

    def path(name):
        return str(tmp_path / name)

    samples = [
        dict(img_id='a', img_path=path('a.png')),
        dict(img_id='b', img_path=[path('b.png'), path('c.png')]),
        dict(img_id='c', img_path=path('a.png'), seg_map_path=path('d/a')),
        dict(img_id='d', img_path=path('a.png'), seg_map_path=[None]),
        dict(img_id='e', img_path=path('A.png'), annotation_path=path('x')),
        dict(img_id='f', img_path=path('a.png'), pseudo_path=path('y')),
    ]
    assert missing_files(samples) == {
        'b': path('c.png'),
        'c': path('d/a'),
        'e': path('A.png'),
        'f': path('y'),
    }


def test_archives_by_their_suffix(tmp_path):
    for name in ('b.ZIP', 'a.tar.gz', 'zip', 'c.png'):
        (tmp_path / name).touch()
    assert archives(str(tmp_path)) == ['a.tar.gz', 'b.ZIP']
