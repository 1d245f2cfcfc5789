import pickle


def test_an_observation_travels_between_processes(observed):
    one = observed('x', part='val', facts={'organ': 'lung'})
    again = pickle.loads(pickle.dumps(one))
    assert str(again) == 'val/x'
    assert str(observed('x')) == 'x'
    assert again.mask.digest == one.mask.digest
    assert len(pickle.dumps(one)) < 4000  # of any size of image
