from mmseg_medical.datasets.layouts.names import (
    by_part,
    ends_of_masks,
    pair,
    part_of,
)


def test_parts_in_paths():
    assert part_of('labels/instances_Train2017.json') == ''
    assert part_of('labels/instances_train.json') == 'train'
    assert part_of('a/Validation/b') == 'val'
    assert by_part(['a/train', 'a/val', 'b']) == {
        'a': {'train': 'a/train', 'val': 'a/val'},
        'b': {'': 'b'},
    }


def test_masks_are_paired_by_the_longest_name():
    found = pair(
        ['a.png', 'a_1.png', 'c/d.jpg'],
        ['a_mask.png', 'a_1_mask.png', 'c/d_mask.png', 'other_mask.png'],
    )
    assert found == (3, ('_mask.png',), False, '')
    found = pair(
        ['a.png', 'b.png'], ['a/x.png', 'a/y.png', 'b/x.png', 'b/y.png']
    )
    assert (found.images, found.several) == (2, True)


def test_names_of_images_may_go_on():
    found = pair(['a_0000.png', 'b_0000.png'], ['a.png', 'b.png', 'c.png'])
    assert found == (2, ('.png',), False, '_0000.png')
    assert pair(['x.png', 'y.png'], ['a.png', 'b.png']).images == 0


def test_masks_beside_images():
    names = ['a.png', 'a_mask.png', 'b.png', 'b_mask.png', 'b_mask_1.png']
    assert ends_of_masks(names) == ['_mask.png', '_mask_1.png']
    assert ends_of_masks(['a.png', 'a_1.png', 'b_mask.png']) == []
    names = ['a.jpg', 'a.png', 'b.jpg', 'b.png']
    assert ends_of_masks(names) == ['.png']
