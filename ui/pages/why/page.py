"""Exhibit 1, why: a CNN's invariance ends early. Move a digit and watch its features, its answer,
and what max-pools forgive: in the browser while the hand moves, as PyTorch's figure when it
rests."""

from collections.abc import Sequence
from functools import lru_cache, partial

import streamlit as st
import torch

from stn_core import EXPERIMENTS, Checkpoint
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
from stn_core.models.digits import DigitModel
from ui.app import loading
from ui.app.i18n import Translator, percent, texts
from ui.components import live
from ui.components.plot import plot
from ui.components.take_home import take_home
from ui.controls.address import values_in_address
from ui.controls.spec import Slider, Values, sweeps
from ui.controls.widgets import draw_choice, draw_gallery_digit
from ui.drawing.canvas import Figure
from ui.pages.why import component, controls, snippet
from ui.pages.why.figure import ConfidenceCurve, Seen, cnn_figure, pools_figure

MODEL = EXPERIMENTS["r-cnn"]
DEPTH, COUNT, THRESHOLD = 5, 100, 0.9
KEY = "why_live"
MOVES = (controls.X, controls.Y, controls.ANGLE, controls.SCALE)
UNMOVED = (0.0, 0.0, 0.0, 1.0)  # a pose: a number for each of those
# the sliders that have a curve, and how many ticks it has
CURVES = ((controls.X, 5), (controls.ANGLE, 5), (controls.SCALE, 3))
POINTS = 19  # of a curve


def main() -> None:
    say = texts("why")
    with st.sidebar:
        view = draw_choice(controls.VIEW, say)
        digit, label = draw_gallery_digit(controls.DIGIT, say)
    if view == "cnn" and loading.digit_model(MODEL, say) is None:
        return
    st.markdown(f"#### {say(f'lead_{view}')}")
    sliders = controls.POSE if view == "cnn" else [controls.SHIFT]
    show = partial(cnn, digit, label) if view == "cnn" else partial(pools, digit, label)
    live.live_part(KEY, partial(live.keep_settled, numbers=sliders), show)


def cnn(digit: torch.Tensor, label: int) -> None:
    """The live figure of a CNN, and PyTorch's of what has settled."""
    say = texts("why")
    values = values_in_address(controls.POSE)
    checkpoint = loading.load(MODEL)
    assert isinstance(checkpoint, Checkpoint) and isinstance(checkpoint.model, DigitModel)
    model = checkpoint.model
    figure, sentence, after = cnn_scene(model, digit, label, values, say)
    component.cnn(digit, label, values, after.probabilities, checkpoint, say, KEY)
    st.caption(texts("browser")("record"))
    plot(figure, key="why_figure", alt=sentence)
    st.markdown(sentence)
    note = say("cnn_note", model=MODEL.name)
    st.caption(note)

    def scene(values: Values) -> Figure:
        return cnn_scene(model, digit, label, values, say)[0]

    program = snippet.cnn(digit, label, MODEL.name, values)
    take_home("why", program, scene, values, sweeps(controls.POSE, say), [note])


@torch.inference_mode()
def cnn_scene(
    model: DigitModel, digit: torch.Tensor, label: int, values: Values, say: Translator
) -> tuple[Figure, str, Seen]:
    """The figure of what the sliders say, what it shows, and what the model makes of it."""
    pose = tuple(float(values[slider.key]) for slider in MOVES)
    alone = [with_one(slider, values[slider.key]) for slider, _ in CURVES]
    images = in_poses(digit, [UNMOVED, pose, *alone])
    maps = feature_maps(model, images[:2])
    probabilities = model(images).softmax(1)
    before, after = (
        Seen(images[i, 0], [one[i] for one in maps], probabilities[i].tolist()) for i in (0, 1)
    )
    kept = [overlap(one[:1], one[1:]).item() for one in maps]
    answer = max(range(10), key=after.probabilities.__getitem__)
    key = "still" if pose == UNMOVED else "right" if answer == label else "wrong"
    sure, last = percent(after.probabilities[answer]), percent(kept[-1])
    sentence = say(key, answer=answer, label=label, sure=sure, kept=last)
    curves = confidence_curves(model, digit, label, values, probabilities[2:, label].tolist(), say)
    return cnn_figure(before, after, kept, label, curves, say), sentence, after


def with_one(slider: Slider, value: float) -> tuple[float, ...]:
    """The pose of a digit that one slider alone has moved."""
    return tuple(
        value if each is slider else still for each, still in zip(MOVES, UNMOVED, strict=True)
    )


def in_poses(digit: torch.Tensor, poses: Sequence[tuple[float, ...]]) -> torch.Tensor:
    """The digit in each of N poses, (N, 1, 28, 28)."""
    x, y, angle, scale = torch.tensor(poses).T
    return moved(digit, (28, 28), x, y, angle.deg2rad(), scale)


def confidence_curves(
    model: DigitModel,
    digit: torch.Tensor,
    label: int,
    values: Values,
    sure_now: Sequence[float],
    say: Translator,
) -> list[ConfidenceCurve]:
    """How sure the model is of ``label`` if one slider alone moves the digit; ``sure_now`` where
    the sliders stand."""
    along_each = sure_from_end_to_end(model, digit.numpy().tobytes(), label)
    curves = []
    for (slider, ticks), here, along in zip(CURVES, sure_now, along_each, strict=True):
        now = float(values[slider.key])
        points = sorted([*zip(_along(slider), along, strict=True), (now, here)])
        places, sure = map(list, zip(*points, strict=True))
        marked = tuple(torch.linspace(slider.low, slider.high, ticks).tolist())
        curves.append(ConfidenceCurve(say(slider.label_key), places, sure, now, marked))
    return curves


@lru_cache(maxsize=500)  # for all visitors
def sure_from_end_to_end(model: DigitModel, digit: bytes, label: int) -> list[list[float]]:
    """A curve for each slider, without the place where it stands."""
    pixels = torch.frombuffer(bytearray(digit), dtype=torch.uint8).view(28, 28)
    poses = [with_one(slider, value) for slider, _ in CURVES for value in _along(slider)]
    sure = model(in_poses(pixels, poses)).softmax(1)[:, label]
    return sure.view(len(CURVES), POINTS).tolist()


def _along(slider: Slider) -> list[float]:
    return torch.linspace(slider.low, slider.high, POINTS).tolist()


def pools(digit: torch.Tensor, label: int) -> None:
    """The live figure of max-pools, and PyTorch's of what has settled."""
    say = texts("why")
    values = values_in_address([controls.SHIFT])
    figure, sentence = pools_scene(digit, values[controls.SHIFT.key], say)
    table = forgiveness()
    needed = pools_needed(table, THRESHOLD)
    component.pools(digit, values, table, needed, COUNT, say, KEY)
    st.caption(texts("browser")("record"))
    plot(figure, key="why_figure", alt=sentence)
    st.markdown(sentence)
    note = say("pools_note", threshold=percent(THRESHOLD))
    st.caption(note)

    def scene(values: Values) -> Figure:
        return pools_scene(digit, values[controls.SHIFT.key], say)[0]

    program = snippet.pools(digit, label, values, DEPTH, COUNT, THRESHOLD)
    take_home("why", program, scene, values, sweeps([controls.SHIFT], say), [note])


@torch.inference_mode()
def pools_scene(digit: torch.Tensor, shift: int, say: Translator) -> tuple[Figure, str]:
    """The figure of a digit and the digit moved by ``shift`` pixels, and what it shows."""
    image = on_canvas(digit[None])
    one, other = (
        [maps[0, 0] for maps in pool_stack(images, DEPTH)]
        for images in (image, shifted(image, shift))
    )
    table = forgiveness()
    needed = pools_needed(table, THRESHOLD)
    count = needed[shift] if needed[shift] is not None else DEPTH
    assert count is not None
    sentence = say(
        "pools_one" if shift else "pools_still", shift=shift, pools=count, side=one[count].shape[-1]
    )
    return pools_figure(one, other, shift, table, needed, COUNT, say), sentence


@st.cache_data(show_spinner=False)
def forgiveness() -> torch.Tensor:
    return pooling_shift_tolerance(controls.SHIFT.every_value(), DEPTH, COUNT)
