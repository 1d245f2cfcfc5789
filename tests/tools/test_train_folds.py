"""All folds from the command line, on a tiny tree."""


def test_two(tool, hubmap, tiny_config, tmp_path):
    config = tiny_config(hubmap(8), 2)
    args = [
        config,
        '--work-dir',
        str(tmp_path / 'w'),
        '--out',
        str(tmp_path / 'oof'),
    ]
    scores = tool('train_folds').main(args)
    print(scores)
    import subprocess

    print(
        subprocess.run(
            ['find', str(tmp_path)], capture_output=True, text=True
        ).stdout
    )
    print(
        (tmp_path / 'w/scores.csv').read_text(),
        (tmp_path / 'w/fold_0/trained.json').read_text(),
    )
    tool('train_folds').main(args)
    assert 0
