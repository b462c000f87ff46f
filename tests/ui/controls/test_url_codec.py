"""What has no widget, as text for a URL: a digit survives it, and nonsense is none."""

import base64
import re
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stn_core.data.mnist import gallery
from ui.controls.url_codec import digit_from_text, digit_to_text

DIGIT = gallery().images[2000]


@given(arrays(np.uint8, (28, 28)))
def test_a_digit_survives_the_url(pixels):
    text = digit_to_text(torch.from_numpy(pixels))
    assert re.fullmatch("[A-Za-z0-9_-]+", text)
    assert torch.equal(digit_from_text(text), torch.from_numpy(pixels))


def test_a_handwritten_digit_makes_a_short_url():
    assert max(len(digit_to_text(digit)) for digit in gallery().images[::25]) < 800


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_nonsense_is_no_digit(text):
    assert digit_from_text(text) is None


def test_a_text_that_was_cut_off_is_no_digit():
    text = digit_to_text(DIGIT)
    assert [
        length for length in range(len(text)) if digit_from_text(text[:length]) is not None
    ] == []


@given(st.data())
def test_a_changed_text_is_no_digit(data):
    text = digit_to_text(DIGIT)
    place = data.draw(st.integers(2, len(text) - 2))
    letter = data.draw(st.sampled_from("ABCxyz089-_").filter(lambda letter: letter != text[place]))
    assert digit_from_text(text[:place] + letter + text[place + 1 :]) is None


@pytest.mark.parametrize("size", [0, 783, 785, 50_000_000], ids=["empty", "short", "long", "bomb"])
def test_packed_bytes_of_another_length_are_no_digit(size):
    assert digit_from_text(base64.urlsafe_b64encode(zlib.compress(bytes(size))).decode()) is None
