"""Exhibit 8, what goes wrong: the traps of spatial transformers, to switch on and see."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from torch import Tensor

from stn_core import EXPERIMENTS
from stn_core.evaluation.report import Report
from stn_core.models.digits import DigitModel
from ui.app import loading
from ui.app.i18n import Translator, texts, unbroken
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.spec import Slider, Values, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit, draw_slider
from ui.drawing.canvas import Figure
from ui.pages.trouble import controls, snippet
from ui.pages.trouble.rate import rate
from ui.pages.trouble.scenes import CELL, WINDOW, align_scene, frame_scene, leave_scene, map_scene

MODEL = EXPERIMENTS["r-cnn"]
TRAINED = ("r-st-cnn-affine", "rts-st-cnn-affine")  # each beside its like on the map
Scene = Callable[[Values], tuple[Figure, str]]  # the sliders' values to a figure and what it shows


def main() -> None:
    say = texts("trouble")
    trap = draw_choice(controls.TRAP, say, st.pills)
    if trap == "rate":
        rate(say)
        return
    model = loading.digit_model(MODEL, say)
    if model is None:
        return
    {"frame": frame, "align": align, "leave": leave, "map": on_map}[trap](model, say)


def as_image(digit: Tensor) -> Tensor:
    """A digit uint8 (28, 28) as (1, 1, 28, 28) in [0, 1]."""
    return digit[None, None].float() / 255


def draw_side_by_side(sliders: Sequence[Slider], places: Sequence[Any], say: Translator) -> Values:
    """Sliders above the figure, in sight also in a lecture: their values by their keys."""
    return {
        slider.key: draw_slider(slider, say, place)
        for slider, place in zip(sliders, places, strict=True)
    }


def show_trap(
    scene: Scene,
    sliders: Sequence[Slider],
    values: Values,
    note: str,
    program: str,
    say: Translator,
) -> None:
    """A trap as ``scene`` shows it for the ``values`` of its sliders, and the same to take home."""
    figure, sentence = scene(values)
    st.markdown(f"#### {unbroken(sentence)}")
    plot(figure, key="w_figure", alt=sentence)
    st.caption(note)
    take_home(
        "trouble", program, lambda values: scene(values)[0], values, sweeps(sliders, say), [note]
    )


def frame(model: DigitModel, say: Translator) -> None:
    """Zero padding on an image whose mean was subtracted: a grey frame."""
    values = draw_side_by_side(controls.FRAME, st.columns(len(controls.FRAME)), say)
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return frame_scene(model, as_image(digit), label, values["w_zoom"], values["w_mean"], say)

    program = snippet.frame(digit, label, MODEL.name, values)
    show_trap(scene, controls.FRAME, values, say("frame_note", model=MODEL.name), program, say)


def align(model: DigitModel, say: Translator) -> None:
    """A grid made with one meaning of +-1, read with the other."""
    left, right = st.columns(2)
    with left:
        made = draw_choice(controls.MISMATCH, say, show_label=True) == "shrink"
    values = draw_side_by_side([controls.REPEATS], [right], say)
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return align_scene(model, as_image(digit), label, made, values["w_repeats"], say)

    program = snippet.align(digit, label, MODEL.name, values, made=made)
    show_trap(scene, [controls.REPEATS], values, say("align_note"), program, say)


def leave(model: DigitModel, say: Translator) -> None:
    """A window that leaves the image sees black, and no gradient brings it back."""
    left, right = st.columns(2, vertical_alignment="bottom")
    values = draw_side_by_side([controls.SHIFT], [left], say)
    with right:
        penalised = draw_choice(controls.LEASH, say) == "on"
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return leave_scene(model, as_image(digit), label, values["w_x"], penalised, say)

    program = snippet.leave(digit, label, MODEL.name, WINDOW, values, penalised=penalised)
    show_trap(scene, [controls.SHIFT], values, say("leave_note", model=MODEL.name), program, say)


def on_map(model: DigitModel, say: Translator) -> None:
    """A distortion undone behind the first convolution, and before it."""
    values = draw_side_by_side(controls.MAP, st.columns(len(controls.MAP)), say)
    with st.sidebar:
        digit, label = draw_gallery_digit(controls.DIGIT, say)

    def scene(values: Values) -> tuple[Figure, str]:
        return map_scene(model, digit, values["w_turn"], values["w_move"], say)

    note = say("map_note", model=MODEL.name) + " " + unbroken(trained_errors(say))
    program = snippet.on_map(digit, label, MODEL.name, CELL, values)
    show_trap(scene, controls.MAP, values, note, program, say)


def trained_errors(say: Translator) -> str:
    """The errors of the trained networks, as far as they were measured."""
    report = loading.report()
    models = report.models if isinstance(report, Report) else {}
    pairs = [(on_image, on_image.replace("affine", "affine-map")) for on_image in TRAINED]
    return " ".join(
        say(
            "map_errors" if on_map in models else "map_untrained",
            data=EXPERIMENTS[on_map].data.upper(),
            image=f"{models[on_image].error:.2f} %",
            map=f"{models[on_map].error:.2f} %" if on_map in models else "",
            command=EXPERIMENTS[on_map].command,
        )
        for on_image, on_map in pairs
        if on_image in models
    )
