"""What a CNN and a stack of max-pools forgive, against known answers."""

import math

import pytest
import torch
import torch.nn.functional as F

from stn_core import create_model
from stn_core.data.mnist import gallery
from stn_core.explain.cnn_invariance import (
    feature_maps,
    moved,
    on_canvas,
    overlap,
    pool_stack,
    pooling_shift_tolerance,
    pools_needed,
    shifted,
)

DIGIT = gallery().images[2000]


def test_a_digit_that_is_not_moved_stays():
    torch.testing.assert_close(moved(DIGIT, (28, 28))[0, 0], DIGIT / 255, atol=1e-5, rtol=0)


def test_whole_pixels_and_quarter_turns_move_pixels():
    plain = DIGIT / 255
    torch.testing.assert_close(
        moved(DIGIT, (28, 28), 3, -2)[0, 0], plain.roll((-2, 3), (0, 1)), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(
        moved(DIGIT, (28, 28), angle=math.pi / 2)[0, 0], plain.rot90(-1), atol=1e-4, rtol=0
    )
    assert moved(DIGIT, (42, 42), torch.linspace(-3, 3, 5), scale=0.5).shape == (5, 1, 42, 42)


@pytest.mark.parametrize("name", ["cnn", "st-cnn-affine"])
def test_feature_maps_are_what_the_classifier_computes(name):
    torch.manual_seed(0)
    model = create_model(name, filters=4).eval()
    images = moved(DIGIT, (28, 28), torch.tensor([0.0, 3.0]))
    maps = feature_maps(model, images)
    assert [tuple(m.shape[1:]) for m in maps] == [(4, 10, 10), (4, 2, 2)] and all(
        (m >= 0).all() for m in maps
    )
    convolutions = [
        layer for layer in model.classifier.modules() if isinstance(layer, torch.nn.Conv2d)
    ]
    values = images
    for convolution, found in zip(convolutions, maps, strict=True):
        values = F.max_pool2d(convolution(values), 2, ceil_mode=True).relu()
        torch.testing.assert_close(found, values)


def test_a_large_canvas_is_pooled_before_the_first_layer():
    torch.manual_seed(0)
    model = create_model("st-cnn-affine", "rts", filters=4).eval()
    # what the classifier is given, twice as large as what its first layer sees
    images = moved(DIGIT, model.transformer.size)
    assert model.pooled(images).shape[-1] == images.shape[-1] // 2
    assert [maps.shape[-1] for maps in feature_maps(model, images)] == [10, 2]


def test_a_model_without_convolutions_has_no_maps():
    assert feature_maps(create_model("fcn"), moved(DIGIT, (28, 28))) == []


def test_overlap():
    one = torch.tensor([[[1.0, 0.0], [0.5, 0.0]]])
    assert overlap(one, one).item() == 1
    assert overlap(one, one.flip(-1)).item() == 0
    assert overlap(one, 2 * one).item() == pytest.approx(0.5)
    assert overlap(0 * one, 0 * one).item() == 1


def test_a_dot_is_forgiven_while_it_stays_in_its_cell():
    image = torch.zeros(1, 1, 8, 8)
    image[..., 3, 4] = 1
    # from column 4: cells of 2 end at 6, of 4 at 8
    for pixels, forgiven in ((1, 1), (2, 2), (3, 2), (4, 4)):
        pools = [
            overlap(a, b).item()
            for a, b in zip(
                pool_stack(image, 3), pool_stack(shifted(image, pixels), 3), strict=True
            )
        ]
        assert next((k for k, kept in enumerate(pools) if kept == 1), 4) == forgiven


def test_shifting_keeps_what_stays_in_the_picture():
    canvas = on_canvas(gallery().images[::500])
    assert canvas.shape == (10, 1, 32, 32)
    torch.testing.assert_close(shifted(canvas, 5)[..., 5:], canvas[..., :-5])
    assert not shifted(canvas, 5)[..., :5].any() and torch.equal(shifted(canvas, 0), canvas)


def test_forgiveness_grows_with_pools_and_falls_with_the_shift():
    table = pooling_shift_tolerance([0, 1, 3, 6], 5, count=20)
    assert (
        table.shape == (6, 4) and (table[:, 0] == 1).all() and ((table >= 0) & (table <= 1)).all()
    )
    assert (table[1:] >= table[:-1] - 0.02).all() and (table[:, 1:] <= table[:, :-1] + 0.02).all()
    digits = on_canvas(gallery().images[::250])
    by_hand = [overlap(d[None], shifted(d, 3)[None]).item() for d in digits]
    assert table[0, 2].item() == pytest.approx(sum(by_hand) / 20, rel=1e-4)


def test_pools_needed_is_the_first_that_is_enough():
    assert pools_needed(
        torch.tensor([[1.0, 0.2, 0.1], [1.0, 0.95, 0.3], [1.0, 0.9, 0.4]]), 0.9
    ) == [0, 1, None]
