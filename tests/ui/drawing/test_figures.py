"""What a page draws and says of a model's answer: figure, curves of the grid, theta in words."""

import base64
import io
import json
import math
import re
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from PIL import Image
from plotly.offline import get_plotlyjs_version

from stn_core import TRANSFORMS
from stn_core.explain.readings import grid_curves, readings, signed
from ui.app.i18n import Translator
from ui.components.plot import PLOTLY
from ui.drawing import canvas
from ui.pages.digits import figure as figures
from ui.pages.digits.answers import describe_readings
from ui.pages.digits.figure import Row

ENGLISH = Translator("digits")
SIZE = (28, 28)
AFFINE, PROJECTIVE, TPS = TRANSFORMS["affine"], TRANSFORMS["projective"], TRANSFORMS["tps"]
SURE_OF_4 = [0.02] * 4 + [0.82] + [0.02] * 5


def turn(degrees, scale=1.0, shift=(0.0, 0.0)):
    """A 2x3 matrix, flat: output to input, clockwise on the screen."""
    cos, sin = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    return torch.tensor([cos, -sin, shift[0], sin, cos, shift[1]])


def spline(matrix):
    """The thin plate spline that is this affine map."""
    points = torch.cat((TPS.identity().view(16, 2), torch.ones(16, 1)), dim=1)
    return (points @ matrix.view(2, 3).T).flatten()


def row(
    theta=None, transform=AFFINE, size=SIZE, name="ST-CNN affine", probabilities=SURE_OF_4, label=4
):
    theta = transform.identity() if theta is None else theta
    matrix = transform.coefficients(theta[None])[0].tolist() if transform is not TPS else None
    curves = grid_curves(transform, theta, size)
    return Row(
        name,
        probabilities,
        label,
        curves,
        matrix,
        readings(transform, theta, size),
        torch.rand(size),
    )


def digits_figure(image, rows):
    return figures.digits_figure(image, rows, ENGLISH)


def plain(name="CNN", probabilities=SURE_OF_4, label=4):
    return Row(name, probabilities, label)


def traces(figure, kind, heading=None):
    """The traces of one type, all or in the column of one heading."""
    chosen = []
    for trace in figure["data"]:
        left = figure["layout"]["xaxis" + trace["xaxis"][1:]]["domain"][0]
        if trace["type"] == kind and (
            heading is None or left == figures.COLUMNS[figures.HEADINGS.index(heading)][0]
        ):
            chosen.append(trace)
    return chosen


def curves(figure, color, heading="grid"):
    """The points (N, 2) of every line of one colour."""
    lines = [
        t
        for t in traces(figure, "scatter", heading)
        if t["mode"] == "lines" and t["line"]["color"] == color
    ]
    return [np.array([p for p in zip(t["x"], t["y"], strict=True) if None not in p]) for t in lines]


def texts(figure):
    return " ".join(annotation["text"] for annotation in figure["layout"]["annotations"])


# The figure

FIGURES = {
    "nothing": [],
    "cnn": [plain()],
    "affine": [row(turn(40, 0.7))],
    "both": [plain(), row(turn(-90, 1.3, (0.5, -0.2)))],
    "projective": [row(torch.tensor([1, 0, 0, 0, 1, 0, 0.3, -0.4]), PROJECTIVE)],
    "horizon": [row(torch.tensor([1, 0, 0, 0, 1, 0, 2.0, 0.0]), PROJECTIVE)],
    "tps": [
        row(TPS.identity() + 0.2 * torch.randn(32, generator=torch.Generator().manual_seed(0)), TPS)
    ],
    "far away": [
        row(torch.full((6,), 1e30)),
        row(torch.full((8,), -1e30), PROJECTIVE),
        row(torch.full((32,), 1e30), TPS),
    ],
    "collapsed": [row(torch.zeros(6)), row(torch.zeros(32), TPS)],
}


@pytest.mark.parametrize("kind", FIGURES)
def test_plotly_accepts_the_figure(kind):
    go.Figure(digits_figure(torch.rand(28, 28), FIGURES[kind]))


def test_the_script_that_draws_is_of_the_version_that_judges():
    draws = re.search(rb"plotly\.js \(cartesian - minified\) v(\d+)\.", PLOTLY.read_bytes())
    assert draws and draws[1].decode() == get_plotlyjs_version().partition(".")[0]


@pytest.mark.parametrize("kind", FIGURES)
def test_the_figure_is_strict_json(kind):
    figure = digits_figure(torch.rand(28, 28), FIGURES[kind])
    assert json.loads(json.dumps(figure, allow_nan=False)) == json.loads(json.dumps(figure))


def test_two_models_on_the_largest_canvas_fit_into_a_small_message():
    noise = torch.rand(60, 60)
    rows = [row(turn(30), size=(60, 60)), row(TPS.identity() + 0.1, TPS, size=(60, 60))]
    assert len(json.dumps(digits_figure(noise, rows))) < 100_000


@pytest.mark.parametrize("kind", FIGURES)
def test_the_input_is_shown_once(kind):
    (picture,) = traces(digits_figure(torch.rand(28, 28), FIGURES[kind]), "image", "input")
    assert picture["source"].startswith("data:image/png;base64,")


def test_the_picture_holds_the_pixels():
    image = torch.arange(12).view(3, 4) / 11
    (picture,) = traces(digits_figure(image, []), "image", "input")
    pixels = np.asarray(
        Image.open(io.BytesIO(base64.b64decode(picture["source"].partition(",")[2])))
    )
    assert pixels.tolist() == (image * 255).round().byte().tolist()


def test_without_models_there_is_only_the_input():
    figure = digits_figure(torch.rand(28, 28), [])
    assert (
        len(traces(figure, "image")) == 1
        and not traces(figure, "bar")
        and not curves(figure, canvas.GRID)
    )


def test_a_model_without_a_transformer_has_no_grid_and_says_so():
    figure = digits_figure(torch.rand(28, 28), [plain()])
    assert not traces(figure, "image", "grid") and not traces(figure, "scatter", "grid")
    assert not curves(figure, canvas.UP, "output")
    assert "No transformer" in texts(figure) and "CNN" in texts(figure)
    (seen,), (given,) = traces(figure, "image", "output"), traces(figure, "image", "input")
    assert seen["source"] == given["source"]


@pytest.mark.parametrize("size", [(28, 28), (42, 42), (20, 30)])
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS.keys())
def test_the_grid_at_identity_runs_along_the_frame(transform, size):
    figure = digits_figure(torch.rand(size), [row(transform=transform, size=size)])
    mesh, border = curves(figure, canvas.GRID)
    for lines in (mesh, border):
        assert lines.min(0) == pytest.approx([-0.5, -0.5], abs=0.01)
        assert lines.max(0) == pytest.approx([size[1] - 0.5, size[0] - 0.5], abs=0.01)
    edge = np.array([size[1], size[0]]) / 2
    # every point lies on a side
    assert np.abs(np.abs(border + 0.5 - edge) - edge).min(1).max() < 0.01
    assert border[0] == pytest.approx(border[-1])


def test_a_grid_larger_than_the_picture_is_whole_and_a_smaller_one_leaves_the_picture_its_size():
    def shown(scale, transform=AFFINE):
        theta = spline(turn(45, scale)) if transform is TPS else turn(45, scale)
        figure = digits_figure(torch.rand(SIZE), [row(theta, transform)])
        (trace,) = (
            t
            for t in traces(figure, "scatter", "grid")
            if t["mode"] == "lines" and t["line"]["color"] == canvas.UP
        )
        ranges = np.array(
            [
                figure["layout"][axis[0] + "axis" + axis[1:]]["range"]
                for axis in (trace["xaxis"], trace["yaxis"])
            ]
        )
        return ranges, np.concatenate(curves(figure, canvas.GRID))

    for scale in (0.3, 1.0, 1.5, 1.9):
        for transform in (AFFINE, TPS):
            ranges, points = shown(scale, transform)
            assert (ranges.min(1) < points.min(0)).all() and (points.max(0) < ranges.max(1)).all()
    assert np.array_equal(shown(0.3)[0], shown(1.0)[0])
    # however far it reaches, the picture is still to be seen
    assert np.array_equal(shown(50)[0], shown(100)[0])
    assert np.ptp(shown(50)[0], axis=1).max() < 3 * SIZE[0]


@pytest.mark.parametrize(
    ("degrees", "first", "last"),
    [
        (0, (-0.5, -0.5), (27.5, -0.5)),
        # up is on the right: the output shows the input turned anticlockwise
        (90, (27.5, -0.5), (27.5, 27.5)),
        (180, (27.5, 27.5), (-0.5, 27.5)),
        (-90, (-0.5, 27.5), (-0.5, -0.5)),
    ],
)
@pytest.mark.parametrize(
    "transform", [AFFINE, PROJECTIVE, TPS], ids=["affine", "projective", "tps"]
)
def test_the_upper_side_of_a_turned_window(transform, degrees, first, last):
    theta = {
        AFFINE: turn,
        PROJECTIVE: lambda d: torch.cat((turn(d), torch.zeros(2))),
        TPS: lambda d: spline(turn(d)),
    }
    figure = digits_figure(torch.rand(28, 28), [row(theta[transform](degrees), transform)])
    (top,) = curves(figure, canvas.UP)
    assert top[[0, -1]].tolist() == [pytest.approx(first, abs=0.02), pytest.approx(last, abs=0.02)]
    (up,) = (a for a in figure["layout"]["annotations"] if a["text"] == "<b>up</b>")
    outside = np.array([up["x"], up["y"]]) - top.mean(0)
    assert outside @ (top.mean(0) - 13.5) > 0  # beyond the side, seen from the middle of the image
    (above,) = curves(figure, canvas.UP, "output")
    assert above.tolist() == [[-0.5, -0.5], [27.5, -0.5]]


def test_a_smaller_window_lies_inside_the_image():
    (top,) = curves(digits_figure(torch.rand(28, 28), [row(turn(0, 0.5, (0.5, 0)))]), canvas.UP)
    assert top[[0, -1]].tolist() == [
        pytest.approx((13.5, 6.5), abs=0.02),
        pytest.approx((27.5, 6.5), abs=0.02),
    ]


def test_a_spline_shows_where_its_control_points_come_from():
    figure = digits_figure(torch.rand(28, 28), [row(spline(turn(0, 0.5)), TPS)])
    (dots,) = (t for t in traces(figure, "scatter", "grid") if t["mode"] == "markers")
    places = [13.5 + 7 * t for t in (-1, -1 / 3, 1 / 3, 1)]
    assert list(zip(dots["x"], dots["y"], strict=True)) == [
        pytest.approx((x, y), abs=0.01) for y in places for x in places
    ]


def test_the_curves_agree_with_the_sampling_grid():
    theta = PROJECTIVE.identity() + 0.1 * torch.randn(8, generator=torch.Generator().manual_seed(1))
    # clockwise from the top left
    corners = grid_curves(PROJECTIVE, theta, SIZE).border[[0, 24, 48, 72]]
    centres = (
        PROJECTIVE.grid(theta[None], (1000, 1000))[0, [0, 0, -1, -1], [0, -1, -1, 0]] + 1
    ) * 14 - 0.5
    assert (corners - centres).abs().max() < 0.05


def test_bars_are_the_probabilities_and_the_answer_stands_out():
    probabilities = torch.randn(10, generator=torch.Generator().manual_seed(3)).softmax(0).tolist()
    (bar,) = traces(
        digits_figure(torch.rand(28, 28), [plain(probabilities=probabilities)]),
        "bar",
        "probabilities",
    )
    assert sum(bar["y"]) == pytest.approx(1, abs=1e-3) and bar["y"] == pytest.approx(
        probabilities, abs=1e-4
    )
    assert list(bar["x"]) == list(range(10))
    others = [
        color for i, color in enumerate(bar["marker"]["color"]) if i != np.argmax(probabilities)
    ]
    assert set(others) == {canvas.QUIET}


@pytest.mark.parametrize(
    ("label", "color", "text"),
    [
        (4, canvas.CORRECT, "4 ✓  82 %"),
        (7, canvas.INCORRECT, "4 ✗  82 %"),
        (None, canvas.UNKNOWN, "4  82 %"),
    ],
)
@pytest.mark.parametrize("make", [plain, row])
def test_right_and_wrong_answers_have_their_colours(make, label, color, text):
    figure = digits_figure(torch.rand(28, 28), [make(label=label)])
    (bar,) = traces(figure, "bar")
    assert bar["marker"]["color"][4] == color
    (answer,) = (a for a in figure["layout"]["annotations"] if text in a["text"])
    assert answer["font"]["color"] == color


def test_rows_lie_below_each_other_and_inside_the_figure():
    figure = digits_figure(torch.rand(28, 28), [plain(), row(), row(turn(20))])
    bars = [figure["layout"]["yaxis" + t["yaxis"][1:]]["domain"] for t in traces(figure, "bar")]
    assert all(0 <= low < high <= 1 for low, high in bars)
    assert all(lower[1] < upper[0] for upper, lower in pairwise(bars))


def test_the_figure_shows_theta():
    shown = texts(digits_figure(torch.rand(28, 28), [row(turn(0, 0.5, (0.25, -0.75)))]))
    assert all(figure in shown for figure in ("0.50", "0.25", "−0.75", "+3.5, −10.5 px"))


# theta in words


def said(transform, theta, size=SIZE):
    lines = readings(transform, theta, size)
    return {line.name: line.figure for line in lines}, describe_readings(lines, ENGLISH)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS.keys())
def test_identity_says_so(transform):
    figures, words = said(transform, transform.identity())
    assert words == "The window is the whole image: the identity."
    zero = {
        "rotation": "0.0°",
        "scale": "1.00",
        "shear": "0.00",
        "perspective": "0.00, 0.00",
        "bending": "0.0 px",
    }
    assert figures.pop("shift") == "0.0, 0.0 px" and figures.items() <= zero.items()


TURNED = {
    "similarity": turn(30)[[0, 3, 2, 5]],
    "affine": turn(30),
    "projective": torch.cat((turn(30), torch.zeros(2))),
    "tps": spline(turn(30)),
}


@pytest.mark.parametrize("name", TURNED)
def test_a_turned_window(name):
    figures, words = said(TRANSFORMS[name], TURNED[name])
    assert (figures["rotation"], figures["scale"], words) == (
        "+30.0°",
        "1.00",
        "The window is turned 30° clockwise.",
    )


def test_the_other_way_round():
    assert said(AFFINE, turn(-45)) == (
        {"rotation": "−45.0°", "scale": "1.00", "shear": "0.00", "shift": "0.0, 0.0 px"},
        "The window is turned 45° anticlockwise.",
    )


SHRUNK = {
    "attention": torch.tensor([0.5, 0.0, 0.0]),
    "similarity": torch.tensor([0.5, 0.0, 0.0, 0.0]),
    "affine": turn(0, 0.5),
    "projective": torch.cat((turn(0, 0.5), torch.zeros(2))),
    "tps": spline(turn(0, 0.5)),
}


@pytest.mark.parametrize("name", SHRUNK)
def test_a_window_of_half_the_size(name):
    figures, words = said(TRANSFORMS[name], SHRUNK[name])
    assert (figures["scale"], words) == ("0.50", "The window is 0.50 times as large as the image.")


def test_two_scales():
    figures, words = said(AFFINE, torch.tensor([0.5, 0, 0, 0, 0.72, 0]))
    assert (figures["scale"], words) == (
        "0.50 × 0.72",
        "The window is 0.60 times as large as the image.",
    )


MOVED = {  # half the width to the right, a quarter of the height up
    "translation": torch.tensor([0.5, -0.25]),
    "attention": torch.tensor([1, 0.5, -0.25]),
    "similarity": torch.tensor([1, 0, 0.5, -0.25]),
    "affine": torch.tensor([1, 0, 0.5, 0, 1, -0.25]),
    "projective": torch.tensor([1, 0, 0.5, 0, 1, -0.25, 0, 0]),
    "tps": spline(torch.tensor([1, 0, 0.5, 0, 1, -0.25])),
}


@pytest.mark.parametrize("name", MOVED)
def test_a_shift_counts_pixels_of_the_input(name):
    assert said(TRANSFORMS[name], MOVED[name])[0]["shift"] == "+7.0, −3.5 px"
    figures, words = said(TRANSFORMS[name], MOVED[name], size=(80, 40))
    assert (figures["shift"], words) == (
        "+10.0, −10.0 px",
        "The window is moved 10 px right and 10 px up.",
    )


@pytest.mark.parametrize(
    ("theta", "words"),
    [
        ([1, 0, 0, 0, -1, 0], "The window is mirrored."),
        ([-1, 0, 0, 0, 1, 0], "The window is turned 180° clockwise, mirrored."),
        ([0.5, 0, 0, 0, -0.5, 0], "The window is mirrored, 0.50 times as large as the image."),
        ([1, 0.5, 0, 0, 1, 0], "The window is sheared."),
        ([1, 0, -0.5, 0, 1, 0.5], "The window is moved 7 px left and 7 px down."),
    ],
)
def test_other_windows_in_words(theta, words):
    assert said(AFFINE, torch.tensor(theta).float())[1] == words


def test_perspective_and_bending():
    figures, words = said(PROJECTIVE, torch.tensor([1, 0, 0, 0, 1, 0, 0.3, -0.05]))
    assert figures["perspective"] == "+0.30, −0.05" and "seen in perspective" in words
    bent = TPS.identity().view(4, 4, 2) + 0.2 * torch.tensor([1.0, -1.0, -1.0, 1.0])[
        :, None, None
    ] * torch.tensor([1.0, 0.0])
    # every point 0.2, that is 2.8 px, off the best affine map
    figures, words = said(TPS, bent.flatten())
    assert (figures["bending"], words) == ("2.8 px", "The window is bent by 2.8 px.")


@pytest.mark.parametrize("theta", [0.0, 1e30, -1e30])
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS.keys())
def test_degenerate_theta_still_reads(transform, theta):
    figures, words = said(transform, torch.full((transform.num_params,), theta))
    assert "nan" not in " ".join(figures.values()) + words and words.endswith(".")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 1, "0.0"),
        (-0.04, 1, "0.0"),
        (0.04, 1, "0.0"),
        (0.051, 1, "+0.1"),
        (-1.5, 1, "−1.5"),
        (2, 0, "+2"),
        (123.456, 2, "+123.46"),
    ],
)
def test_signed(value, decimals, text):
    assert signed(value, decimals) == text
