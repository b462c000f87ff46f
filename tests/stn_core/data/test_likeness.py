"""What is called unlike any digit."""

import doctest

import numpy as np
import pytest
import torch

from benchmarks.likeness import blots, letters, scribbles
from stn_core.data import likeness as module
from stn_core.data.likeness import likeness, unlike
from stn_core.data.mnist import gallery


def test_the_examples_of_the_docstrings():
    assert doctest.testmod(module).failed == 0


def test_a_digit_is_like_others_of_its_class_and_noise_is_not():
    noise = torch.randint(0, 256, (20, 28, 28), generator=torch.manual_seed(0)).byte()
    assert likeness(noise).max() < likeness(gallery().images[::100]).min()


@pytest.mark.parametrize("others", [letters, scribbles, blots])
def test_more_others_than_digits_are_called_unlike(others):
    doubts = [unlike(digit) for digit in others(np.random.default_rng(1))[:60]]
    real = [unlike(digit) for digit in gallery().images[7::80]]
    caught = 100 * sum(doubt is not None for doubt in doubts) / len(doubts)
    assert caught > 15 > 100 * sum(doubt is not None for doubt in real) / len(real)
    rates = next(doubt for doubt in doubts if doubt)
    assert rates.false_alarms < 3 < rates.caught
