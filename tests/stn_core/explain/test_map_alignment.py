"""Undoing a distortion behind a convolution: a shift can be undone there, a turn can't."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from stn_core import EXPERIMENTS, load_checkpoint
from stn_core.data.mnist import gallery
from stn_core.explain.map_alignment import first_map, undo

DIGIT = gallery().images[2 * 500 + 151]
QUARTERS = torch.tensor([-math.pi / 2, math.pi / 2])


@pytest.fixture(scope="module", name="cnn")
def trained():
    return partial(first_map, load_checkpoint("r-cnn").model)


def edges():
    """A filter for upright edges, and one that looks alike from all sides."""
    upright = torch.tensor([[-1.0, 0.0, 1.0]] * 3)[None, None] / 3
    round_ = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]])[None, None] / 16
    convolutions = []
    for weight in (upright, round_):
        convolution = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        convolution.weight = nn.Parameter(weight)
        convolutions.append(convolution)
    return convolutions


@pytest.mark.parametrize("x", [-4.0, -2.0, 2.0, 4.0])
def test_a_shift_by_whole_cells_is_undone_on_the_map_as_at_the_input(cnn, x):
    found = undo(cnn, 2, DIGIT, torch.zeros(1), x)
    assert found.error(found.restored_map).item() < 1e-3
    assert found.error(found.warped_map).item() < 1e-3
    # and there was something to undo
    assert found.error(found.turned_map).item() > 0.5


def test_a_quarter_turn_is_undone_at_the_input_alone(cnn):
    found = undo(cnn, 2, DIGIT, QUARTERS)
    torch.testing.assert_close(
        found.restored, (DIGIT / 255).expand(2, 1, -1, -1), atol=1e-4, rtol=0
    )
    assert (found.error(found.restored_map) < 1e-3).all()
    assert (found.error(found.warped_map) > 0.5).all()


def test_every_turn_is_worse_undone_on_the_map_than_at_the_input(cnn):
    angles = torch.arange(10, 91, 10).deg2rad()
    found = undo(cnn, 2, DIGIT, torch.cat((-angles, angles)))
    at_input, on_map = found.error(found.restored_map), found.error(found.warped_map)
    assert (on_map > at_input).all()
    # interpolation costs the same at every angle; what the filters make of turned strokes does not
    assert on_map[8] > 1.5 * on_map[0] and on_map[-1] > 1.5 * on_map[9]


def test_only_a_filter_that_looks_alike_from_all_sides_can_be_undone():
    upright, round_ = (undo(each, 1, DIGIT, QUARTERS) for each in edges())
    assert (upright.error(upright.warped_map) > 1).all()
    assert (round_.error(round_.warped_map) < 1e-3).all()


def test_a_half_turn_of_an_edge_filter_has_the_wrong_sign_everywhere():
    found = undo(edges()[0], 1, DIGIT, torch.tensor([math.pi]))
    torch.testing.assert_close(found.warped_map, -found.upright_map, atol=1e-4, rtol=0)


def test_the_first_map_is_what_a_transformer_of_maps_warps(cnn):
    model = EXPERIMENTS["r-st-cnn-affine-map"].create_model().eval()
    image = DIGIT[None, None] / 255
    (trace,) = model.explain(image).transformers
    torch.testing.assert_close(first_map(model, image), trace.output, atol=1e-5, rtol=0)
    assert cnn(image).shape == trace.output.shape
