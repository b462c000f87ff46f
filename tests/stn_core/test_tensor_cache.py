"""Tensors that are computed once and shared, also by several threads."""

import torch

from stn_core.tensor_cache import tensor_cache


@tensor_cache(maxsize=1)
def made(key):
    return torch.tensor([float(key.number)])


class Key:
    """Empties the cache when it is looked up for the ``after``-th time, as another thread may."""

    def __init__(self, number, after=0):
        self.number, self.after = number, after

    def __hash__(self):
        self.after -= 1
        if self.after == 0:
            made(Key(0))
        return self.number


def test_a_tensor_is_made_once_and_shared():
    key = Key(2)
    assert made(key) is made(key) and made(key).item() == 2


def test_a_cache_that_is_emptied_during_a_look_up_gives_the_tensor_all_the_same():
    for after in range(1, 7):
        key = Key(1, after)
        assert [made(key).item() for _ in range(3)] == [1, 1, 1]
