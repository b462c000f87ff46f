"""Exhibit 2, the transformation: T_theta takes each output point to the input point that it asks.
Families, and what they keep."""

import streamlit as st
import torch
from torch import Tensor

from stn_core import TRANSFORMS, sample
from stn_core.explain.compose import compose_theta
from stn_core.explain.invariants import distortion_of
from stn_core.explain.readings import grid_curves, signed
from stn_core.explain.resampling import forward_warp
from ui.app.i18n import Translator, texts
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.spec import Values, arguments, sweeps
from ui.controls.widgets import (
    draw_choice,
    draw_gallery_digit,
    draw_slider,
    draw_sliders,
    reset_sliders,
)
from ui.drawing.canvas import INCORRECT, Figure
from ui.drawing.tint import coloured
from ui.pages.transformation import controls
from ui.pages.transformation.figure import Warp, transformation_figure
from ui.pages.transformation.snippet import snippet

SIZE = (28, 28)
# the numbered ones
POINTS = torch.tensor([(x, y) for y in (-0.7, 0.0, 0.7) for x in (-0.7, 0.0, 0.7)])


def main() -> None:
    say = texts("transformation")
    family = draw_choice(controls.FAMILY, say, st.pills)
    with st.sidebar:
        way = draw_choice(controls.WAY, say)
        follow = draw_slider(controls.FOLLOW, say)
        values = draw_sliders(controls.SLIDERS[family], say)
        st.button(say("reset"), on_click=identity, width="stretch", icon=":material/undo:")
        digit, label = draw_gallery_digit(controls.DIGIT, say)
    push = way == "push"
    figure, sentence = scene(digit, family, values, follow, push, say)
    st.markdown(f"#### {sentence}")
    plot(figure, key="t_figure", alt=sentence)
    st.caption(say("note"))
    program = snippet(digit, label, family, values, POINTS[follow - 1].tolist(), push=push)

    def moving(values):
        return scene(digit, family, values, follow, push, say)[0]

    take_home(
        "transformation",
        program,
        moving,
        values,
        sweeps(controls.SLIDERS[family], say),
        [say("note")],
    )


def identity() -> None:
    """Every slider to where it changes nothing."""
    reset_sliders(controls.EVERY_SLIDER)


def theta_of(family: str, values: Values) -> Tensor:
    """theta (P,) of what the sliders say."""
    return compose_theta(family, **arguments(controls.SLIDERS[family], values))


@torch.inference_mode()
def scene(
    digit: Tensor, family: str, values: Values, follow: int, push: bool, say: Translator
) -> tuple[Figure, str]:
    """The figure of a digit (28, 28) with what the sliders say, point number ``follow`` followed,
    and what it shows."""
    transform, theta, image = TRANSFORMS[family], theta_of(family, values), digit.float() / 255
    grid = transform.grid(theta[None], SIZE)
    sources = transform.warp(theta[None], POINTS)[0]
    if push:
        output, landed = forward_warp(image, grid[0])
        holes = int((landed == 0).sum())
        picture: Tensor | str = coloured(output, landed == 0, INCORRECT, least=0.6)
        sentence = say("push", holes=holes, all=landed.numel())
    else:
        picture = sample(image[None, None], grid)[0, 0]
        sentence = describe_warp(family, theta, follow - 1, sources[follow - 1], say)
    curves = grid_curves(transform, theta, SIZE)
    measured = distortion_of(transform, theta)
    warp = Warp(
        family,
        image,
        picture,
        curves,
        theta_text(family, theta, say),
        POINTS,
        sources,
        follow - 1,
        push,
        measured,
    )
    return transformation_figure(warp, say), sentence


def theta_text(family: str, theta: Tensor, say: Translator) -> str:
    """theta as the matrix that it is."""
    if family == "tps":
        return say("figure_control")
    matrix = TRANSFORMS[family].coefficients(theta[None])[0].tolist()
    cells = [
        " ".join(signed(value, 2).replace("+", "").rjust(5, "\u2007") for value in row)
        for row in matrix
    ]
    left, right = ("⎡⎣", "⎤⎦") if len(cells) == 2 else ("⎡⎢⎣", "⎤⎥⎦")
    return "<br>".join(f"{left[i]}{row} {right[i]}" for i, row in enumerate(cells))


def describe_warp(family: str, theta: Tensor, follow: int, source: Tensor, say: Translator) -> str:
    """Where the followed point comes from, and what the grid does against what the digit does."""
    if torch.allclose(theta, TRANSFORMS[family].identity(), atol=1e-6):
        return say("identity", point=follow + 1)
    x, y = (signed(value, 2).replace("+", "") for value in source.tolist())
    place = "outside" if (source.abs() > 1).any() else "sentence"
    return say(place, point=follow + 1, x=x, y=y, does=does(family, theta, say))


def does(family: str, theta: Tensor, say: Translator) -> str:
    if family in ("projective", "tps"):
        return say("does_other")
    matrix = TRANSFORMS[family].coefficients(theta[None])[0].double()
    linear, shift = matrix[:, :2], matrix[:, 2]
    if torch.linalg.det(linear).abs() < 1e-6:
        return say("does_other")
    back = torch.linalg.inv(linear)
    return say("does_linear", grid=_said(linear, shift, say), digit=_said(back, -back @ shift, say))


def _said(linear: Tensor, shift: Tensor, say: Translator) -> str:
    """A map of the plane in a few words: its rotation, its scale, its shift."""
    angle = torch.atan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]).rad2deg().item()
    factor = torch.linalg.det(linear).abs().sqrt().item()
    said = []
    if round(abs(angle)):
        said.append(say("turned_right" if angle > 0 else "turned_left", angle=f"{abs(angle):.0f}"))
    if abs(factor - 1) >= 0.02:
        said.append(say("smaller", factor=f"{factor:.2f}"))
    for value, less, more in zip(
        shift.tolist(), ("moved_left", "moved_up"), ("moved_right", "moved_down"), strict=True
    ):
        if abs(value) >= 0.02 and not said:
            said.append(say(more if value > 0 else less))
    return say("and").join(said)
