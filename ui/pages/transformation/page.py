"""Exhibit 2, the transformation: T_theta takes each output point to the input point that it asks.
Families, and what they keep."""

import math
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
import torch
from torch import Tensor

from stn_core import TRANSFORMS, sample
from stn_core.explain.compose import compose_theta
from stn_core.explain.invariants import broken_invariants
from stn_core.explain.readings import grid_curves, matrix_lines, signed
from stn_core.explain.resampling import forward_warp
from ui.app.i18n import Translator, texts
from ui.components import live
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls import address
from ui.controls.spec import Values, arguments, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit
from ui.drawing.canvas import INCORRECT, Figure
from ui.drawing.tint import coloured
from ui.pages.transformation import controls
from ui.pages.transformation.component import transformation
from ui.pages.transformation.families import families_html
from ui.pages.transformation.figure import Warp, transformation_figure
from ui.pages.transformation.snippet import snippet

KEY = "t_live"
SIZE = (28, 28)
# the numbered ones
POINTS = torch.tensor([(x, y) for y in (-0.7, 0.0, 0.7) for x in (-0.7, 0.0, 0.7)])


def main() -> None:
    say = texts("transformation")
    st.html(Path(__file__).parent / "families.css")
    st.markdown(f"#### {say('lead')}")
    family = draw_choice(controls.FAMILY, say, st.pills)
    with st.sidebar:
        way = draw_choice(controls.WAY, say)
        digit, label = draw_gallery_digit(controls.DIGIT, say)
    live.live_part(KEY, take, partial(show, digit, label, family, way))


def show(digit: Tensor, label: int, family: str, way: str) -> None:
    """The live figure, and PyTorch's of what has settled."""
    say = texts("transformation")
    values, push = values_in_address(family), way == "push"
    found = scene(digit, family, values, push, say)
    transformation(digit, family, way, values, found.output, say, KEY)
    st.caption(texts("browser")("record"))
    plot(found.figure, key="t_figure", alt=found.sentence)
    st.markdown(found.sentence)
    st.html(
        families_html(family, broken_invariants(TRANSFORMS[family], theta_of(family, values)), say)
    )
    st.caption(say("note"))
    program = snippet(digit, label, family, values, push=push)
    sliders = controls.SLIDERS[family]

    def moving(values: Values) -> Figure:
        return scene(digit, family, values, push, say).figure

    take_home(
        "transformation", program, moving, values, sweeps(sliders, say), [say("lead"), say("note")]
    )


def take(said: Any) -> None:
    """What has settled on the live figure, into the address."""
    sliders = (*controls.EVERY_SLIDER, controls.FOLLOW)
    values = live.values_in(said, sliders)
    address.write_values([slider for slider in sliders if slider.key in values], values)
    moved = live.numbers_in(said, controls.MOVES.key, 32)
    if moved is not None:
        address.write(controls.MOVES.key, controls.MOVES.to_text(moved))
    place = live.numbers_in(said, controls.PLACE.key, 2)
    if place is not None and controls.FOLLOW.key in values:
        text = ",".join(f"{number:g}" for number in place)
        home = POINTS[values[controls.FOLLOW.key] - 1].tolist()
        at_home = max(abs(a - b) for a, b in zip(place, home, strict=True)) < 0.005
        address.write(controls.PLACE.key, None if at_home else controls.PLACE.fitted(text))


def values_in_address(family: str) -> Values:
    """What the address says of a family: its sliders, what a hand has moved of a spline, and which
    point is followed, with its place (x, y)."""
    values = address.values_in_address((*controls.SLIDERS[family], controls.FOLLOW))
    if family == "tps":
        moves = st.query_params.get(controls.MOVES.key)
        values[controls.MOVES.key] = controls.MOVES.from_text(moves)
    place = controls.place_in(st.query_params.get(controls.PLACE.key, ""))
    home = [round(value, 2) for value in POINTS[values[controls.FOLLOW.key] - 1].tolist()]
    return values | {controls.PLACE.key: list(place) if place else home}


def theta_of(family: str, values: Values) -> Tensor:
    """theta (P,) of what the sliders and the hand say."""
    said = arguments(controls.SLIDERS[family], values)
    return compose_theta(family, **said, moves=values.get(controls.MOVES.key) or ())


class Scene(NamedTuple):
    """A figure, what it shows in a sentence, and the output (28, 28)."""

    figure: Figure
    sentence: str
    output: Tensor


@torch.inference_mode()
def scene(digit: Tensor, family: str, values: Values, push: bool, say: Translator) -> Scene:
    """A digit (28, 28) with what the sliders say, one point followed."""
    transform, theta, image = TRANSFORMS[family], theta_of(family, values), digit.float() / 255
    follow = values[controls.FOLLOW.key] - 1
    points = POINTS.clone()
    points[follow] = torch.tensor(values[controls.PLACE.key])
    grid = transform.grid(theta[None], SIZE)
    sources = transform.warp(theta[None], points)[0]
    if push:
        output, landed = forward_warp(image, grid[0])
        holes = int((landed == 0).sum())
        picture: Tensor | str = coloured(output, landed == 0, INCORRECT, least=0.6)
        sentence = say("push", holes=holes, all=landed.numel())
    else:
        picture = output = sample(image[None, None], grid)[0, 0]
        sentence = describe_warp(family, theta, follow, sources[follow], say)
    warp = Warp(
        family,
        image,
        picture,
        grid_curves(transform, theta, SIZE),
        theta_text(family, theta, say),
        points,
        sources,
        follow,
        push,
    )
    return Scene(transformation_figure(warp, say), sentence, output)


def theta_text(family: str, theta: Tensor, say: Translator) -> str:
    """theta as the matrix that it is."""
    if family == "tps":
        return say("figure_control")
    matrix = TRANSFORMS[family].coefficients(theta[None])[0]
    return "<br>".join(matrix_lines(matrix.tolist()))


def describe_warp(family: str, theta: Tensor, follow: int, source: Tensor, say: Translator) -> str:
    """Where the followed point comes from, and what the grid does against what the digit does."""
    if torch.allclose(theta, TRANSFORMS[family].identity(), atol=1e-6):
        return say("identity", point=follow + 1)
    x, y = (signed(value, 2, plus="") for value in source.tolist())
    place = "outside" if (source.abs() > 1).any() else "sentence"
    return say(place, point=follow + 1, x=x, y=y, does=does_text(family, theta, say))


def does_text(family: str, theta: Tensor, say: Translator) -> str:
    """What the grid does, and so the digit; in general where it has no words for it."""
    if family in ("projective", "tps"):
        return say("does_other")
    matrix = TRANSFORMS[family].coefficients(theta[None])[0].double()
    linear, shift = matrix[:, :2], matrix[:, 2]
    if torch.linalg.det(linear).abs() < 1e-6:
        return say("does_other")
    back = torch.linalg.inv(linear)
    grid, digit = map_text(linear, shift, say), map_text(back, -back @ shift, say)
    return say("does_linear", grid=grid, digit=digit) if grid and digit else say("does_other")


def map_text(linear: Tensor, shift: Tensor, say: Translator) -> str:
    """A map of the plane in a few words: its rotation and scale, or else its shift; "" where it has
    next to nothing of them, or does not keep angles."""
    (a, b), (c, d) = linear.tolist()
    if max(abs(a - d), abs(b + c)) > 1e-4:
        return ""
    angle = math.degrees(math.atan2(c, a))
    factor = math.hypot(a, c)
    said = []
    if round(abs(angle)):
        said.append(say("turned_right" if angle > 0 else "turned_left", angle=f"{abs(angle):.0f}"))
    if abs(factor - 1) >= 0.02:
        said.append(say("smaller", factor=f"{factor:.2f}"))
    if not said:
        ways = zip(("moved_left", "moved_up"), ("moved_right", "moved_down"), strict=True)
        for value, (less, more) in zip(shift.tolist(), ways, strict=True):
            if abs(value) >= 0.005:
                said.append(say(more if value > 0 else less))
    return say("and").join(said)
