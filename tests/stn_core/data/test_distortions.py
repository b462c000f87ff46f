"""Distorted MNIST against its definitions in pixel space by numpy, scipy and kornia."""

import math

import kornia
import numpy as np
import pytest
import torch
from scipy import stats
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import center_of_mass, map_coordinates

from stn_core import DISTORTIONS, distort
from stn_core.data.mnist import gallery

SIDES = {"r": 28, "rts": 42, "p": 28, "e": 28, "tc": 60, "pxy": 28}
DEGREE = math.pi / 180

every_kind = pytest.mark.parametrize("kind", SIDES)


def digits(count):
    return gallery().images[:: 5000 // count][:count]


def draw(kind, count, seed=0):
    return DISTORTIONS[kind].draw(count, torch.Generator().manual_seed(seed))


def warped(image, x, y):
    """The digit (28, 28) read at pixel coordinates x and y, bilinear, zeros outside."""
    return map_coordinates(image, [y, x], order=1, mode="grid-constant", cval=0)


def from_centre(side):
    """x and y of a canvas's pixels, in pixels from its centre."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return x, y


def similarity(image, side, angle, scale, shift):
    """The digit turned clockwise (y is down), scaled, and shifted in a canvas: each canvas pixel is
    taken back to the digit."""
    x, y = from_centre(side)
    x, y = (x - shift[0]) / scale, (y - shift[1]) / scale
    return warped(
        image,
        13.5 + math.cos(angle) * x + math.sin(angle) * y,
        13.5 - math.sin(angle) * x + math.cos(angle) * y,
    )


def rotated(images, parameters):
    return [
        similarity(image, 28, angle, 1, (0, 0))
        for image, angle in zip(images, parameters["angle"].tolist(), strict=True)
    ]


def placed(images, parameters):
    values = zip(
        images, *(parameters[name].tolist() for name in ("angle", "scale", "shift")), strict=True
    )
    return [similarity(image, 42, *rest) for image, *rest in values]


# the frame's corners, from the centre
BOX = 14 * torch.tensor([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=torch.float64)


def stretched(images, parameters):
    """The frame's corners go to BOX + moves; in the digit's own pixels they lie at BOX / scale,
    since the digit is scaled first."""
    return projected(
        images,
        BOX / parameters["scale"].double()[:, None, None],
        BOX + parameters["moves"].double(),
    )


def boxed(images, parameters):
    """The corners of the scaled digit's box are moved: BOX in the digit's own pixels."""
    target = parameters["scale"].double()[:, None, None] * BOX + parameters["moves"].double()
    return projected(images, BOX.expand_as(target), target)


def projected(images, source, target):
    matrix = kornia.geometry.get_perspective_transform(source + 13.5, target + 13.5)
    return kornia.geometry.warp_perspective(
        torch.from_numpy(images)[:, None], matrix, (28, 28), align_corners=True
    )[:, 0].numpy()


def bent(images, parameters):
    control = np.array([(x, y) for y in np.linspace(-14, 14, 4) for x in np.linspace(-14, 14, 4)])
    canvas = np.stack(from_centre(28), axis=-1).reshape(-1, 2)
    output = []
    for image, scale, moves in zip(
        images, parameters["scale"].tolist(), parameters["moves"].double().numpy(), strict=True
    ):
        spline = RBFInterpolator(
            control, (control + moves) / scale, kernel="thin_plate_spline", degree=1
        )
        x, y = spline(canvas).T.reshape(2, 28, 28) + 13.5
        output.append(warped(image, x, y))
    return output


def cluttered(images, parameters):
    output = []
    for i in range(len(images)):
        canvas = np.zeros((60, 60))
        x, y = parameters["place"][i].tolist()
        canvas[y : y + 28, x : x + 28] = images[i]
        for source, cut, drop in zip(
            *(parameters[name][i].tolist() for name in ("sources", "cuts", "drops")), strict=True
        ):
            patch = images[(i + source) % len(images)][cut[1] : cut[1] + 6, cut[0] : cut[0] + 6]
            there = canvas[drop[1] : drop[1] + 6, drop[0] : drop[0] + 6]
            there[...] = np.maximum(there, patch)
        output.append(canvas)
    return output


JUDGES = {"r": rotated, "rts": placed, "p": stretched, "e": bent, "tc": cluttered, "pxy": boxed}


@every_kind
def test_distorting_follows_the_definition(kind):
    images, parameters = digits(20), draw(kind, 20)
    output = DISTORTIONS[kind].apply(images, parameters)
    assert output.shape == (20, 1, SIDES[kind], SIDES[kind]) and output.dtype == torch.float32
    expected = JUDGES[kind](images.double().div(255).numpy(), parameters)
    np.testing.assert_allclose(output[:, 0], np.stack(expected), atol=2e-4)


@every_kind
def test_identity_leaves_the_digit_in_the_middle(kind):
    images, margin = digits(5), (SIDES[kind] - 28) // 2
    output = DISTORTIONS[kind].apply(images, DISTORTIONS[kind].identity(5))
    expected = torch.nn.functional.pad(images.float() / 255, [margin] * 4)[:, None]
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=0)


@every_kind
def test_distort_applies_what_it_draws_from_the_seed(kind):
    images = digits(12)
    first = distort(images, kind, 7)
    assert first.shape == (12, 1, SIDES[kind], SIDES[kind]) and first.dtype == torch.float32
    assert first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, DISTORTIONS[kind].apply(images, draw(kind, 12, seed=7)))
    assert torch.equal(first, distort(images, kind, torch.Generator().manual_seed(7)))
    assert not torch.equal(first, distort(images, kind, 8))


@every_kind
def test_the_seed_alone_decides(kind):
    torch.manual_seed(0)
    first = distort(digits(3), kind, 7)
    torch.manual_seed(1)
    with torch.inference_mode():
        assert torch.equal(first, distort(digits(3), kind, 7))


@every_kind
def test_autocast_does_not_lower_the_precision(kind):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under = distort(digits(3), kind, 7)
    assert torch.equal(under, distort(digits(3), kind, 7))


@every_kind
def test_more_digits_than_are_warped_at_once(kind):
    images, parameters = digits(1250), draw(kind, 1250)
    output = DISTORTIONS[kind].apply(images, parameters)
    assert len(output) == 1250
    if kind != "tc":  # whose patches come from the other digits of the batch
        last = DISTORTIONS[kind].apply(
            images[-2:], {name: value[-2:] for name, value in parameters.items()}
        )
        torch.testing.assert_close(output[-2:], last, atol=1e-6, rtol=0)


@every_kind
def test_uint8_and_float_digits_agree(kind):
    images, parameters = digits(6), draw(kind, 6)
    apply = DISTORTIONS[kind].apply
    torch.testing.assert_close(apply(images, parameters), apply(images.float() / 255, parameters))


@every_kind
def test_an_empty_batch_stays_empty(kind):
    assert distort(torch.zeros(0, 28, 28, dtype=torch.uint8), kind, 0).shape == (
        0,
        1,
        SIDES[kind],
        SIDES[kind],
    )


@every_kind
def test_one_digit_alone(kind):
    assert distort(digits(1), kind, 0).shape == (1, 1, SIDES[kind], SIDES[kind])


# Directions on the screen


def spot(x, y):
    """A digit that is one bright spot, x pixels to the right of the middle and y below it."""
    image = torch.zeros(1, 28, 28)
    image[0, 13 + y : 15 + y, 13 + x : 15 + x] = 1
    return image


def spot_after(kind, image, **parameters):
    """Where the spot is afterwards, (x, y) pixels from the canvas's centre."""
    output = DISTORTIONS[kind].apply(
        image, {name: torch.tensor([value]) for name, value in parameters.items()}
    )
    y, x = center_of_mass(output[0, 0].numpy())
    return pytest.approx((x - (SIDES[kind] - 1) / 2, y - (SIDES[kind] - 1) / 2), abs=0.2)


def test_a_positive_angle_turns_clockwise_on_the_screen():
    assert spot_after("r", spot(0, -10), angle=90 * DEGREE) == (10, 0)
    assert spot_after("r", spot(0, -10), angle=45 * DEGREE) == (10 / 2**0.5, -10 / 2**0.5)
    assert spot_after("rts", spot(0, -10), angle=90 * DEGREE, scale=1.0, shift=[0.0, 0.0]) == (
        10,
        0,
    )


def test_a_positive_shift_moves_right_and_down_whatever_the_angle():
    assert spot_after("rts", spot(0, 0), angle=0.0, scale=1.0, shift=[5.0, 3.0]) == (5, 3)
    assert spot_after("rts", spot(0, 0), angle=30 * DEGREE, scale=0.8, shift=[5.0, -3.0]) == (5, -3)


def test_a_scale_above_one_magnifies():
    assert spot_after("rts", spot(8, 4), angle=0.0, scale=1.2, shift=[0.0, 0.0]) == (9.6, 4.8)


def test_moving_every_control_point_right_reads_further_right_so_the_digit_moves_left():
    assert spot_after("e", spot(0, 0), scale=1.0, moves=[[3.0, 2.0]] * 16) == (-3, -2)
    assert spot_after("e", spot(8, 4), scale=0.75, moves=[[0.0, 0.0]] * 16) == (6, 3)


def test_corners_take_the_digit_with_them():
    for kind in ("p", "pxy"):
        assert spot_after(kind, spot(8, 4), scale=0.75, moves=[[4.0, -3.0]] * 4) == (10, 0)
    # as if the top were far away
    narrow_at_the_top = [[7.0, 0.0], [-7.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    # where the diagonals cross
    assert spot_after("p", spot(0, 0), scale=1.0, moves=narrow_at_the_top) == (0, -14 + 28 / 3)


@pytest.mark.parametrize(
    "moves",
    [
        -BOX,  # all corners in one point
        -BOX * torch.tensor([1, 0]),  # on one line
        BOX.roll(1, dims=0) - BOX,  # turned by a quarter
        -2 * BOX * torch.tensor([1, 0]),  # mirrored
        torch.tensor([[28, 0], [-28, 0], [0, 0], [0, 0]]),  # crossed over
        torch.tensor([[20, 20], [0, 0], [0, 0], [0, 0]]),  # dented
    ],
)
def test_any_four_corners_give_a_finite_image(moves):
    output = DISTORTIONS["p"].apply(
        digits(1), {"scale": torch.ones(1), "moves": moves.float()[None]}
    )
    assert output.isfinite().all() and output.min() >= 0 and output.max() <= 1


# Distributions

MANY = 4000


def assert_uniform(values, low, high):
    values = np.asarray(values, dtype=float).ravel()
    assert values.min() >= low and values.max() <= high
    assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-3


def assert_normal(values, deviation):
    assert (
        stats.kstest(np.asarray(values, dtype=float).ravel(), stats.norm(0, deviation).cdf).pvalue
        > 1e-3
    )


def assert_whole_uniform(values, last):
    """Every whole number from 0 to last, about equally often."""
    counts = np.bincount(np.asarray(values).ravel(), minlength=last + 1)
    assert len(counts) == last + 1
    assert stats.chisquare(counts).pvalue > 1e-3


def test_r_is_uniform_in_a_half_turn():
    assert_uniform(draw("r", MANY)["angle"] / DEGREE, -90.001, 90.001)


def test_rts_keeps_the_upright_box_inside_the_canvas():
    parameters = draw("rts", MANY)
    assert_uniform(parameters["angle"] / DEGREE, -45.001, 45.001)
    assert_uniform(parameters["scale"], 0.7 - 1e-6, 1.2 + 1e-6)
    room = 21 - 14 * parameters["scale"][:, None]
    assert_uniform(parameters["shift"] / room, -1 - 1e-6, 1 + 1e-6)
    assert abs(np.corrcoef(parameters["shift"].T)[0, 1]) < 0.1


def convex(corners):
    """Whether quadrilaterals (N, 4, 2) turn clockwise on the screen at each corner."""
    to, on = (
        np.roll(corners, -1, axis=1) - corners,
        np.roll(corners, -2, axis=1) - np.roll(corners, -1, axis=1),
    )
    return (to[..., 0] * on[..., 1] - to[..., 1] * on[..., 0] > 0).all(axis=1)


def test_p_stretches_each_corner_of_the_frame_by_one_amount_in_any_direction():
    parameters = draw("p", MANY)
    moves = parameters["moves"].double().numpy()
    assert convex(BOX.numpy() + moves).all()
    assert_uniform(parameters["scale"], 0.75 - 1e-6, 1 + 1e-6)
    random = np.random.default_rng(0)
    judged = stretches(random, MANY)
    while (again := ~convex(BOX.numpy() + judged)).any():
        judged[again] = stretches(random, int(again.sum()))
    for corner in range(4):
        for axis in range(2):
            assert stats.ks_2samp(moves[:, corner, axis], judged[:, corner, axis]).pvalue > 1e-3
        lengths = (np.hypot(*each[:, corner].T) for each in (moves, judged))
        assert stats.ks_2samp(*lengths).pvalue > 1e-3
    amounts = np.hypot(
        *DISTORTIONS["p"].draw_moves(MANY, torch.Generator().manual_seed(1)).numpy().T
    )
    assert stats.kstest(amounts.ravel(), stats.halfnorm(0, 5).cdf).pvalue > 1e-3


def stretches(random, count):
    amount, direction = random.normal(0, 5, (count, 4)), random.uniform(0, 2 * np.pi, (count, 4))
    return amount[..., None] * np.stack((np.cos(direction), np.sin(direction)), axis=-1)


def test_pxy_moves_the_corners_of_a_scaled_box_and_stays_convex():
    parameters = draw("pxy", MANY)
    random, scale = np.random.default_rng(0), parameters["scale"].double().numpy()[:, None, None]
    assert convex(scale * BOX.numpy() + parameters["moves"].double().numpy()).all()
    assert_uniform(parameters["scale"], 0.75 - 1e-6, 1 + 1e-6)
    moves = random.normal(0, 5, (MANY, 4, 2))
    while (again := ~convex(scale * BOX.numpy() + moves)).any():
        moves[again] = random.normal(0, 5, moves[again].shape)
    for drawn, judged in zip(
        parameters["moves"].reshape(-1, 8).numpy().T, moves.reshape(-1, 8).T, strict=True
    ):
        assert stats.ks_2samp(drawn, judged).pvalue > 1e-3


def test_e_scales_uniformly_and_moves_by_one_and_a_half_pixels():
    parameters = draw("e", MANY)
    assert_uniform(parameters["scale"], 0.75 - 1e-6, 1 + 1e-6)
    assert_normal(parameters["moves"][:1000], 1.5)


def test_tc_positions_are_whole_and_uniform():
    parameters = draw("tc", MANY)
    assert_whole_uniform(parameters["place"], 32)
    assert_whole_uniform(parameters["cuts"], 22)
    assert_whole_uniform(parameters["drops"], 54)


def test_tc_patches_come_from_six_other_digits():
    sources = draw("tc", 50)["sources"]
    assert sources.shape == (50, 6)
    assert sorted(sources.unique().tolist()) == list(range(1, 50))  # never 0, the digit itself


# Errors


@every_kind
@pytest.mark.parametrize("shape", [(2, 28, 27), (28, 28), (2, 1, 28, 28)])
def test_digits_of_another_shape_are_refused(kind, shape):
    with pytest.raises(ValueError) as error:
        distort(torch.zeros(shape, dtype=torch.uint8), kind, 0)
    assert "(N, 28, 28)" in str(error.value) and str(shape) in str(error.value)


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"r, rts, p, e, tc.*'rotation'"):
        distort(digits(1), "rotation", 0)


@every_kind
def test_parameters_of_another_shape_number_or_name_are_refused(kind):
    distortion, images = DISTORTIONS[kind], digits(2)
    good = distortion.identity(2)
    name = next(iter(good))
    wrong = [
        {},
        {**good, "speed": torch.zeros(2)},
        {("another" if key == name else key): value for key, value in good.items()},
        distortion.identity(3),
        {**good, name: good[name][..., None]},
    ]
    for parameters in wrong:
        with pytest.raises(ValueError, match=f"{kind} needs parameters.*{name}.*2 digits"):
            distortion.apply(images, parameters)


@every_kind
def test_a_number_for_all_digits_is_refused(kind):
    good = DISTORTIONS[kind].identity(2)
    name = next(iter(good))
    with pytest.raises(ValueError, match=f"{kind} needs parameters.*{name}.*2 digits"):
        DISTORTIONS[kind].apply(digits(2), {**good, name: torch.tensor(1)})


def test_tc_refuses_positions_that_are_no_whole_numbers():
    good = DISTORTIONS["tc"].identity(2)
    with pytest.raises(ValueError, match="tc"):
        DISTORTIONS["tc"].apply(digits(2), {**good, "place": good["place"] + 0.5})
