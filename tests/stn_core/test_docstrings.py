"""What the docstrings of stn_core's public functions show is what they do."""

import doctest
import inspect
import os

import pytest
import torch

import stn_core
from stn_core.data.distort_digit import distort_digit
from stn_core.data.mnist import gallery
from stn_core.evaluation.bird_metrics import inside, intersection_over_union
from stn_core.experiments import plugins
from stn_core.explain.compose import compose_theta
from stn_core.models.birds import starts
from stn_core.training.window_search import window_weights

FUNCTIONS = {
    **{name: value for name, value in vars(stn_core).items() if inspect.isfunction(value)},
    "Transform.grid": stn_core.Transform.grid,
    "Transform.decompose": stn_core.Transform.decompose,
    "SpatialTransformer": stn_core.SpatialTransformer,
    "compose_theta": compose_theta,
    "distort_digit": distort_digit,
    "gallery": gallery,
    "inside": inside,
    "intersection_over_union": intersection_over_union,
    "starts": starts,
    "window_weights": window_weights,
}


NAMES = {name: getattr(stn_core, name) for name in stn_core.__all__}
NAMES |= {"torch": torch, "os": os}
NAMES |= {each.__name__: each for each in (compose_theta, distort_digit, gallery)}
NAMES |= {each.__name__: each for each in (inside, intersection_over_union, starts, window_weights)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_shows_what_its_function_does(name, monkeypatch):
    monkeypatch.setenv("STN_CHECKPOINTS", "")
    text = inspect.getdoc(FUNCTIONS[name])
    shown = doctest.DocTestParser().get_doctest(text, NAMES, name, None, None)
    assert shown.examples
    try:
        assert doctest.DocTestRunner().run(shown).failed == 0
    finally:
        plugins.load(None)
